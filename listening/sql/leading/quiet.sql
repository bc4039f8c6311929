-- customers all through a period, and how many of them passed no stage in it
with passed as (
    select distinct period_kind, period, customer_id from "leading".present
)

select
    'all' as stage, periods.period_kind, periods.period,
    count(*) filter (where passed.customer_id is null) as hits, count(*) as denominator
from story.periods as periods
inner join growth.lives as lives
    on (lives.first_seen is null or lives.first_seen < periods.period_start) and (lives.left_on is null or lives.left_on >= periods.period_end)
left join passed
    on periods.period_kind = passed.period_kind and periods.period = passed.period and lives.customer_id = passed.customer_id
where lives.is_listed and periods.period_kind <> 'month' and exists (select 1 from passed)
group by all
order by all
