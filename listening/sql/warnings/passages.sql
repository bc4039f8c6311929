-- one row per passage of an operational measure, or per count of such; whoever passes a touchpoint passes its stage
select
    coalesce(stage, $reached[list_position($touchpoints, touchpoint)]) as stage,
    touchpoint, measure, source, customer_id, ("at" at time zone $timezone)::date as day, landed_at,
    failed::double as failed, (coalesce(passed, 0) + failed)::double as passages,
    region, channel, product, brand, segment, "unit", team
from records.operations
where "at" <= $clock and failed is not null and coalesce(stage, $reached[list_position($touchpoints, touchpoint)]) is not null
