-- survey answers of known customers, by what happened to them
select
    periods.period_kind, periods.period, members.cut_by, members.cut_value, units.stage, units.source, members.failed, members.had_ticket,
    count(*) as n,
    count(*) filter (where units.stance = 'trouble') as trouble,
    count(*) filter (where units.stance = 'great') as great
from signals.units as units
inner join story.due_days as periods on units.said_on = periods.day
inner join story.members as members
    on periods.period_kind = members.period_kind and periods.period = members.period and units.stage = members.stage and units.customer_id = members.customer_id
where units.kind = 'survey' and units.stance is not null and periods.period_kind <> 'month'
group by all
order by all
