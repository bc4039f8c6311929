-- customers in a stage: the distinct ones with an operations row there; without ids, the volume of the largest measure
with passages as (
    select stage, ("at" at time zone $timezone)::date as day, customer_id, measure, passed + failed as volume, region, channel, product, brand, segment, "unit", team
    from records.operations
    where "at" <= $clock and stage is not null
),

cuts as (
    select stage, day, customer_id, measure, volume, 'all' as cut_by, 'all' as cut_value
    from passages

    union all

    select stage, day, customer_id, measure, volume, cut_by, cut_value
    from (unpivot passages on region, channel, product, brand, segment, "unit", team into name cut_by value cut_value)
),

by_measure as (
    select
        periods.period_kind, periods.period, cuts.cut_by, cuts.cut_value, cuts.stage, cuts.measure,
        sum(cuts.volume) filter (where cuts.customer_id is null) as volume
    from cuts
    inner join story.periods as periods on cuts.day >= periods.period_start and cuts.day < periods.period_end
    group by all
),

volumes as (
    select period_kind, period, cut_by, cut_value, stage, max(volume)::bigint as volume
    from by_measure
    group by all
),

named as (
    select periods.period_kind, periods.period, cuts.cut_by, cuts.cut_value, cuts.stage, count(distinct cuts.customer_id) as customers
    from cuts
    inner join story.periods as periods on cuts.day >= periods.period_start and cuts.day < periods.period_end
    group by all
)

select named.period_kind, named.period, named.cut_by, named.cut_value, named.stage, coalesce(nullif(named.customers, 0), volumes.volume) as customers
from named
inner join volumes using (period_kind, period, cut_by, cut_value, stage)
order by all
