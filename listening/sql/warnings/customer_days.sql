-- customers in a stage on a day: the distinct ones who passed a measure there, or the largest measure's count; the day $since stands for all before
with by_measure as (
    select stage, greatest(day, $since::date) as day, measure, coalesce(sum(passages) filter (where customer_id is null), 0) as counted
    from warnings.passages
    where day <= $until
    group by all
),

named as (
    select stage, greatest(day, $since::date) as day, count(distinct customer_id) as customers
    from warnings.passages
    where day <= $until
    group by all
)

select stage, day, (any_value(named.customers) + max(counted))::double as customers
from by_measure
inner join named using (stage, day)
where list_contains($stages, stage)
group by stage, day
order by stage, day
