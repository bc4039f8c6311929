select
    periods.period_kind, periods.period, periods.period_start, periods.period_end, periods.is_over,
    'all' as cut_by, 'all' as cut_value, units.stage, units.source, units.score_name,
    count(*) as n,
    avg(units.score) as mean,
    stddev_samp(units.score) as deviation,
    any_value(units.score_worst) as score_worst,
    any_value(units.score_best) as score_best,
    count(*) filter (where units.stance = 'great') as great,
    count(*) filter (where units.stance = 'trouble') as trouble
from signals.units as units
inner join story.due_days as periods on units.said_on = periods.day
where periods.is_told and units.score is not null and units.score_worst is not null and units.stage is not null and units.stage <> 'none'
group by all
order by all
