-- each customer once in a stage, period and cut
with cuts as (
    select period_kind, period, period_start, stage, customer_id, failed, 'all' as cut_by, 'all' as cut_value
    from story.passages
    where customer_id is not null

    union all

    select period_kind, period, period_start, stage, customer_id, failed, cut_by, cut_value
    from (unpivot story.passages on region, channel, product, brand, segment, "unit", team into name cut_by value cut_value)
    where customer_id is not null
),

members as (
    select period_kind, period, period_start, cut_by, cut_value, stage, customer_id, max(failed) > 0 as failed
    from cuts
    group by all
),

tickets as (
    select distinct periods.period_kind, periods.period, units.stage, units.customer_id
    from signals.units as units
    inner join story.periods as periods on units.said_on >= periods.period_start and units.said_on < periods.period_end
    where units.kind in ('ticket', 'chat', 'call') and units.customer_id is not null
)

select members.*, tickets.customer_id is not null as had_ticket
from members
left join tickets using (period_kind, period, stage, customer_id)
