-- themes by role and segment and period of the whole company, each with how many people named it; only those that enough did
with voices as (
    select
        said.record_id, said.said_on, said.role, coalesce(said.segment, lives.segment) as segment,
        coalesce(said.customer_id, members.unit_id, said.thread_id, said.record_id) as person
    from tagging.tagged_records as said
    left join signals.members as members using (record_id)
    left join growth.lives as lives on said.customer_id = lives.customer_id
    where members.unit_id is not null or said.role in ('employee', 'supplier')
),

cuts as (
    select record_id, said_on, person, cut_by, cut_value
    from (unpivot voices on role, segment into name cut_by value cut_value)
),

named as (
    select cuts.said_on, cuts.person, cuts.cut_by, cut_value, themes.name
    from cuts
    inner join tagging.sentence_themes as spoken using (record_id)
    inner join tagging.themes as themes on spoken.theme = themes.theme and spoken.stage = themes.stage
    where themes.merged_into is null
)

select periods.period_kind, periods.period, named.cut_by, named.cut_value, named.name, count(distinct named.person) as people
from named
inner join story.periods as periods on named.said_on >= periods.period_start and named.said_on < periods.period_end
where periods.period_kind = 'quarter' or periods.period = 'last 90 days'
group by all
having count(distinct named.person) >= $least
order by periods.period_kind, periods.period, named.cut_by, named.cut_value, people desc, named.name
