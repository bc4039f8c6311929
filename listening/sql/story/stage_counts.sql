select
    periods.period_kind, periods.period, periods.period_start, periods.period_end, periods.is_over,
    daily.cut_by, daily.cut_value, daily.stage, daily.source,
    any_value(daily.kind) as kind,
    sum(daily.records)::bigint as records,
    sum(daily.units)::bigint as units,
    sum(daily.trouble)::bigint as trouble,
    sum(daily.in_between)::bigint as in_between,
    sum(daily.great)::bigint as great,
    sum(daily.without_stance)::bigint as without_stance
from signals.daily as daily
inner join story.periods as periods on daily.said_on >= periods.period_start and daily.said_on < periods.period_end
group by all
order by all
