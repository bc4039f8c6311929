-- customers who passed a stage in the last 90 days of input and may be asked: nobody of ours, nobody asked lately
with now as (
    select distinct period_start, period_end from stage_story where period_kind = 'rolling'
),

passed as (
    select distinct coalesce(operations.stage, touchpoints.stage) as stage, operations.customer_id
    from operations
    inner join now on ("at" at time zone $timezone)::date >= now.period_start and ("at" at time zone $timezone)::date < now.period_end
    left join touchpoints on operations.touchpoint = touchpoints.touchpoint
    where operations.customer_id is not null
),

asked_lately as (
    select distinct checkins.customer_id
    from checkins
    cross join now
    where (checkins.asked_at at time zone $timezone)::date >= now.period_end - $rest_days::integer
),

ours as (
    select distinct customer_id from records where role in ('employee', 'supplier') and customer_id is not null
)

select passed.stage, passed.customer_id, asked_lately.customer_id is not null as is_asked_lately
from passed
left join asked_lately using (customer_id)
anti join ours using (customer_id)
where passed.stage is not null
order by passed.stage, passed.customer_id
