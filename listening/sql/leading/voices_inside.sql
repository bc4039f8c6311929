-- what employees and suppliers said, by role and period, of the whole company alone; an answer of nobody named is a person
select
    'all' as stage, periods.period_kind, periods.period, 'role' as cut_by, said.role as cut_value,
    count(distinct coalesce(said.customer_id, said.thread_id, said.record_id)) as people,
    count(said.stance) as n,
    count(*) filter (where said.stance = 'trouble') as trouble,
    count(*) filter (where said.stance = 'great') as great
from tagging.tagged_records as said
inner join story.periods as periods on said.said_on >= periods.period_start and said.said_on < periods.period_end
where said.role in ('employee', 'supplier') and periods.period_kind <> 'month'
group by all
order by all
