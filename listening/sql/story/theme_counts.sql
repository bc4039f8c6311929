-- units, customers and records that speak of each theme, and units that speak of its stage at all, by period, source and side
with sided as (
    select *, 'all' as side from signals.theme_mentions
    union all
    select *, stance as side from signals.theme_mentions where stance in ('trouble', 'great')
),

placed as (
    select sided.*, periods.period_kind, periods.period, periods.period_start, periods.period_end, periods.is_over
    from sided
    inner join story.due_days as periods on sided.said_on = periods.day
),

speaking as (
    select period_kind, period, stage, side, source, count(distinct unit_id) as denominator
    from placed
    group by all
)

select
    placed.period_kind, placed.period, placed.period_start, placed.period_end, placed.is_over,
    placed.stage, placed.theme, placed.side, placed.source, speaking.denominator,
    count(*) as units,
    sum(placed.records)::bigint as records,
    count(*) filter (where placed.stance = 'trouble') as trouble,
    count(*) filter (where placed.stance = 'great') as great
from placed
inner join speaking using (period_kind, period, stage, side, source)
group by all
order by all
