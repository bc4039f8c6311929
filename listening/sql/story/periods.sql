with days as (
    select day from story.days where is_lived
),

span as (
    select min(day) as first_day, max(day) as last_day
    from days
),

month_starts as (
    select unnest(generate_series(date_trunc('month', first_day), last_day::timestamp, interval 1 month))::date as period_start
    from span
),

months as (
    select 'month' as period_kind, strftime(period_start, '%Y-%m') as period, period_start, (period_start + interval 1 month)::date as period_end
    from month_starts
),

quarter_starts as (
    select distinct (period_start - to_months(((month(period_start) - $fiscal_start + 12) % 3)::integer))::date as period_start
    from month_starts
),

quarters as (
    select
        'quarter' as period_kind,
        -- a fiscal year is named by the calendar year in which it ends
        format('{}-Q{}', year(period_start + to_months((12 - $fiscal_start + 1)::integer % 12)), (month(period_start) - $fiscal_start + 12) % 12 // 3 + 1) as period,
        period_start,
        (period_start + interval 3 month)::date as period_end
    from quarter_starts
),

window_ends as (
    select last_day + 1 as period_end, 'last 90 days' as period
    from span

    union all

    select last_day - 89 as period_end, '90 days before' as period
    from span

    union all

    -- the older ones move every 30 days and not every night, or each night would count the whole past again; input fills them from their first day
    select newest - number::integer as period_end, format('90 days to {}', newest - number::integer - 1) as period
    from (select *, last_day - 179 - ((last_day - date '2000-01-01') % 30)::integer as newest from span)
    cross join range(0, newest - first_day - 89, 90) as windows (number)
),

windows as (
    select 'rolling' as period_kind, period, period_end - 90 as period_start, period_end
    from window_ends
    where period_end is not null
),

every_period as (
    select * from months
    union all
    select * from quarters
    union all
    select * from windows
)

select period_kind, period, period_start, period_end, period_kind <> 'rolling' and period_end <= $today as is_over
from every_period
where exists (select 1 from days where day >= period_start and day < period_end)
order by period_kind, period_start
