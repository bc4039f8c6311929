-- customers by name, counts by measure; whoever passes a touchpoint passes its stage
with located as (
    select
        coalesce(stage, $stages[list_position($touchpoints, touchpoint)]) as stage,
        ("at" at time zone $timezone)::date as day,
        source, customer_id, measure, passed, failed, region, channel, product, brand, segment, "unit", team
    from records.operations
    where "at" <= $clock
)

select
    periods.period_kind, periods.period, periods.period_start, located.stage, located.source, located.customer_id,
    case when located.customer_id is null then located.measure end as measure,
    case when located.customer_id is null then sum(located.failed) else max(located.failed) end::bigint as failed,
    case when located.customer_id is null then sum(coalesce(located.passed, 0) + located.failed) else 1 end::bigint as volume,
    located.region, located.channel, located.product, located.brand, located.segment, located."unit", located.team
from located
inner join story.periods as periods on located.day >= periods.period_start and located.day < periods.period_end
where located.stage is not null
group by all
