-- customers in a stage on a day: the distinct ones who passed a measure there, or the largest measure's count; the day $since stands for all before;
-- by the measures of the stage's first four weeks alone: one that joins later would look like so many more customers
with measures as (
    select stage, measure
    from warnings.passages
    where day <= $until and list_contains($stages, stage)
    group by stage, measure
    qualify min(day) <= min(min(day)) over (partition by stage) + 28
),

passed as (
    select passages.stage, passages.measure, passages.customer_id, passages.passages, greatest(passages.day, $since::date) as day
    from warnings.passages as passages
    semi join measures using (stage, measure)
    where passages.day <= $until
),

by_measure as (
    select stage, day, measure, coalesce(sum(passages) filter (where customer_id is null), 0) as counted
    from passed
    group by all
),

named as (
    select stage, day, count(distinct customer_id) as customers
    from passed
    group by all
)

select stage, day, (any_value(named.customers) + max(counted))::double as customers
from by_measure
inner join named using (stage, day)
group by stage, day
order by stage, day
