-- customers who passed a stage, or a touchpoint of it
select period_kind, period, stage, customer_id, max(failed) > 0 as failed
from (
    select
        periods.period_kind, periods.period, coalesce(operations.stage, $stages[list_position($touchpoints, operations.touchpoint)]) as stage,
        operations.customer_id, operations.failed
    from records.operations as operations
    inner join story.periods as periods
        on (operations."at" at time zone $timezone)::date >= periods.period_start and (operations."at" at time zone $timezone)::date < periods.period_end
    where operations."at" <= $clock and operations.customer_id is not null and periods.period_kind <> 'month'
)
where stage is not null
group by all
