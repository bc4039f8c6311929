-- customers all through a period, and how many of them passed no stage in it
with passed as (
    select distinct periods.period_kind, periods.period, operations.customer_id
    from records.operations as operations
    inner join story.periods as periods
        on (operations."at" at time zone $timezone)::date >= periods.period_start and (operations."at" at time zone $timezone)::date < periods.period_end
    where operations."at" <= $clock and operations.customer_id is not null and periods.period_kind <> 'month'
        and (operations.stage is not null or list_contains($touchpoints, operations.touchpoint))
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
