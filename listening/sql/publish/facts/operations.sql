-- what passed and failed in the last 90 days and in the 90 before, by measure
with now as (
    select distinct period_start, period_end from stage_story where period_kind = 'rolling'
),

counted as (
    select
        operations.stage, operations.measure, operations.touchpoint, operations.failed, operations.passed,
        (operations."at" at time zone $timezone)::date >= now.period_start as is_now
    from operations
    inner join now on
        (operations."at" at time zone $timezone)::date >= now.period_start - (now.period_end - now.period_start)::integer
        and (operations."at" at time zone $timezone)::date < now.period_end
    where operations.measure is not null
)

select
    counted.stage, counted.measure, any_value(touchpoints.name) as touchpoint,
    coalesce(sum(failed) filter (where is_now), 0)::bigint as failed,
    coalesce(sum(passed) filter (where is_now), 0)::bigint as passed,
    coalesce(sum(failed) filter (where not is_now), 0)::bigint as failed_before,
    coalesce(sum(passed) filter (where not is_now), 0)::bigint as passed_before
from counted
left join touchpoints using (stage, touchpoint)
group by counted.stage, counted.measure
order by counted.stage, failed desc, counted.measure
