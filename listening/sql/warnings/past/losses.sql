-- customers who left since the first warning, and how many of them had passed a place that was warned of while it was, in the half year before;
-- beside the same of those who stayed
with warned as (
    select stage, measure, cut_by, cut_value, opened_on, coalesce(closed_on, judged_on) as until
    from warnings
),

said as (
    select customer_id, ("at" at time zone $timezone)::date as day
    from outcomes
    where outcome = 'left'
    union all
    select customer_id, left_at as day
    from customers
    where left_at is not null
),

left_on as (
    select customer_id, min(day) as day
    from said
    group by customer_id
),

passed as (
    select customer_id, stage, measure, failed, ("at" at time zone $timezone)::date as day, region, channel, product, brand, segment, "unit", team
    from operations
    where customer_id is not null
),

met as (
    select passed.customer_id, min(passed.day) as day, max((passed.failed > 0)::integer) as failed
    from passed
    inner join warned on passed.stage = warned.stage and coalesce(warned.measure = passed.measure, true)
        and passed.day >= warned.opened_on and passed.day <= warned.until
        and (
            warned.cut_by = 'all'
            or warned.cut_value = case warned.cut_by
                when 'region' then region when 'channel' then channel when 'product' then product when 'brand' then brand when 'segment' then segment
                when 'unit' then "unit" when 'team' then team
            end
        )
    group by passed.customer_id
),

since as (
    select min(opened_on) as day from warned
),

everybody as (
    select distinct customer_id from passed
    where day >= (select day - 180 from since)
)

select
    count(*) filter (where left_on.day >= since.day) as lost,
    count(*) filter (where left_on.day >= since.day and met.day <= left_on.day and met.day >= left_on.day - 180) as lost_warned,
    count(*) filter (where left_on.day >= since.day and met.day <= left_on.day and met.day >= left_on.day - 180 and met.failed = 1) as lost_failed,
    count(*) filter (where left_on.day is null) as stayed,
    count(*) filter (where left_on.day is null and met.day is not null) as stayed_warned,
    count(*) filter (where left_on.day is null and met.failed = 1) as stayed_failed
from everybody
cross join since
left join left_on using (customer_id)
left join met using (customer_id)
