-- each customer once in a stage, period and cut
with passages as (
    from story.passages where customer_id is not null
),

cuts as (
    select period_kind, period, period_start, stage, customer_id, failed, 'all' as cut_by, 'all' as cut_value
    from passages

    union all

    select period_kind, period, period_start, stage, customer_id, failed, cut_by, cut_value
    from (unpivot passages on region, channel, product, brand, segment, "unit", team into name cut_by value cut_value)
),

members as (
    select period_kind, period, period_start, cut_by, cut_value, stage, customer_id, max(failed) > 0 as failed
    from cuts
    group by all
),

tickets as (
    select distinct periods.period_kind, periods.period, units.stage, units.customer_id
    from signals.units as units
    inner join story.due_days as periods on units.said_on = periods.day
    where units.kind in ('ticket', 'chat', 'call') and units.customer_id is not null
)

select members.*, tickets.customer_id is not null as had_ticket
from members
left join tickets using (period_kind, period, stage, customer_id)
