-- what those say of their expectation for whom no measure failed
select
    periods.period_kind, periods.period, members.cut_by, members.cut_value, units.stage,
    count(*) as kept,
    count(*) filter (where units.expectation = 'below') as kept_below
from signals.units as units
inner join story.due_days as periods on units.said_on = periods.day
inner join story.members as members
    on periods.period_kind = members.period_kind and periods.period = members.period and units.stage = members.stage and units.customer_id = members.customer_id
where periods.is_told and units.expectation is not null and not members.failed
group by all
order by all
