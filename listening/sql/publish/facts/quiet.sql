-- customers of the last 90 days of input, and how many of them passed no stage in it
with now as (
    select distinct period_start, period_end from stage_story where period_kind = 'rolling'
),

active as (
    select customers.customer_id
    from customers
    cross join now
    where coalesce(customers.valid_from < now.period_end, true) and (customers.valid_to is null or customers.valid_to >= now.period_end)
        and (customers.left_at is null or customers.left_at >= now.period_end)
        and (customers.since is null or customers.since < now.period_end)
),

seen as (
    select distinct operations.customer_id
    from operations
    inner join now on ("at" at time zone $timezone)::date >= now.period_start and ("at" at time zone $timezone)::date < now.period_end
)

select
    (select count(distinct customer_id) from active) as active,
    (select count(distinct customer_id) from active anti join seen using (customer_id)) as quiet,
    (select count(*) from seen where customer_id is not null) as seen
