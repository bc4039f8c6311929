-- customers by name, counts by measure; whoever passes a touchpoint passes its stage
with located as (
    select
        coalesce(stage, $stages[list_position($touchpoints, touchpoint)]) as stage,
        ("at" at time zone $timezone)::date as day,
        source, customer_id, case when customer_id is null then measure end as measure, passed, failed,
        region, channel, product, brand, segment, "unit", team
    from records.operations
    where "at" <= $clock
)

select
    periods.period_kind, periods.period, periods.period_start, located.stage, located.source, located.customer_id, located.measure,
    if(located.customer_id is null, sum(located.failed), max(located.failed))::bigint as failed,
    if(located.customer_id is null, sum(coalesce(located.passed, 0) + located.failed), 1)::bigint as volume,
    located.region, located.channel, located.product, located.brand, located.segment, located."unit", located.team
from located
inner join story.due_days as periods on located.day = periods.day
where located.stage is not null
group by
    periods.period_kind, periods.period, periods.period_start, located.stage, located.source, located.customer_id, located.measure,
    located.region, located.channel, located.product, located.brand, located.segment, located."unit", located.team
