-- customers in a stage: the distinct ones with an operations row there; without ids, the volume of the largest measure
with passages as (
    from story.passages where customer_id is null
),

counts as (
    select period_kind, period, stage, measure, volume, 'all' as cut_by, 'all' as cut_value
    from passages

    union all

    select period_kind, period, stage, measure, volume, cut_by, cut_value
    from (unpivot passages on region, channel, product, brand, segment, "unit", team into name cut_by value cut_value)
),

by_measure as (
    select period_kind, period, cut_by, cut_value, stage, measure, sum(volume)::bigint as volume
    from counts
    group by all
),

volumes as (
    select period_kind, period, cut_by, cut_value, stage, max(volume) as volume
    from by_measure
    group by all
),

named as (
    select period_kind, period, cut_by, cut_value, stage, count(*) as customers
    from story.members
    group by all
)

select period_kind, period, cut_by, cut_value, stage, coalesce(named.customers, volumes.volume) as customers, named.customers is not null as is_named
from named
full join volumes using (period_kind, period, cut_by, cut_value, stage)
order by all
