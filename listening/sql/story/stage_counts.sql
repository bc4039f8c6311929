select
    periods.period_kind, periods.period, periods.period_start, periods.period_end, periods.is_over,
    daily.cut_by, daily.cut_value, daily.stage, daily.source,
    any_value(daily.kind) as kind,
    sum(daily.records)::bigint as records,
    sum(daily.units)::bigint as units,
    sum(daily.trouble)::bigint as trouble,
    sum(daily.in_between)::bigint as in_between,
    sum(daily.great)::bigint as great,
    sum(daily.without_stance)::bigint as without_stance,
    sum(daily.worded)::bigint as worded,
    sum(daily.below)::bigint as below,
    sum(daily.met)::bigint as met,
    sum(daily.exceeded)::bigint as exceeded,
    sum(daily.laborious)::bigint as laborious,
    sum(daily.easy)::bigint as easy,
    sum(daily.memorable_good)::bigint as memorable_good,
    sum(daily.memorable_bad)::bigint as memorable_bad
from signals.daily as daily
inner join story.due_days as periods on daily.said_on = periods.day
group by all
order by all
