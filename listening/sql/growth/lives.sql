-- everybody whom customers, operations or outcomes name, with their newest known facts
with listed as (
    select *
    from records.customers
    where valued_at is null or valued_at <= $today::date
    qualify row_number() over (partition by customer_id order by coalesce(valued_at, since) desc nulls last, source) = 1
),

passages as (
    select customer_id, min(("at" at time zone $timezone)::date) as first_seen
    from records.operations
    where customer_id is not null and "at" <= $clock
    group by customer_id
),

leaving as (
    select customer_id, max(("at" at time zone $timezone)::date) as left_on, arg_max(amount, "at") as amount
    from records.outcomes
    where outcome = 'left' and "at" <= $clock
    group by customer_id
),

named as (
    select customer_id from listed
    union
    select customer_id from passages
    union
    select customer_id from leaving
),

known as (
    select
        named.customer_id, listed.customer_id is not null as is_listed,
        if(listed.since <= $today::date, listed.since, null) as since,
        coalesce(listed.since, passages.first_seen, listed.valued_at) as first_seen,
        -- who came back after having left is here again
        case when listed.left_at <= $today::date then listed.left_at when leaving.left_on >= coalesce(listed.since, leaving.left_on) then leaving.left_on end as left_on,
        leaving.amount, listed.cost_to_serve,
        listed.region, listed.channel, listed.product, listed.brand, listed.segment, listed."unit", listed.team
    from named
    left join listed using (customer_id)
    left join passages using (customer_id)
    left join leaving using (customer_id)
)

select
    known.customer_id, known.is_listed, known.since, known.first_seen, known.left_on, strftime(known.since, '%Y-%m') as joined,
    coalesce(worth.value, if(known.left_on is null, null, known.amount)) as value,
    worth.value_basis, known.cost_to_serve,
    known.region, known.channel, known.product, known.brand, known.segment, known."unit", known.team
from (select *, coalesce(left_on - 1, $today::date) as known_on from known) as known
asof left join growth.worth as worth on known.customer_id = worth.customer_id and known.known_on >= worth.valid_from
order by known.customer_id
