-- our own people who said something in words, by period, and how many of them speak of a matter; an answer of nobody named is a person
with said as (
    select
        coalesce(customer_id, thread_id, record_id) as person, said_on,
        regexp_matches(text, $pattern) and regexp_matches(regexp_replace(text, $negated, ' ', 'g'), $pattern) as is_speaking
    from tagging.tagged_records
    where role = 'employee' and text is not null and sentiment is not null
),

people as (
    select periods.period_kind, periods.period, said.person, bool_or(said.is_speaking) as is_speaking
    from said
    inner join story.periods as periods on said.said_on >= periods.period_start and said.said_on < periods.period_end
    where periods.period_kind <> 'month'
    group by all
)

select 'all' as stage, period_kind, period, count(*) filter (where is_speaking) as hits, count(*) as denominator
from people
group by all
order by all
