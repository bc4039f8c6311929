-- customers of today who met a failure in the last days, with the newest one, and whether they said anything since
with met as (
    select
        troubles.customer_id,
        max(troubles.day) as failed_on,
        arg_max(troubles.trouble_id, (troubles.day, troubles.trouble_id)) as trouble_id,
        list(distinct troubles.trouble_id order by troubles.trouble_id) as trouble_ids
    from growth.troubles as troubles
    where troubles.is_met and troubles.told_by = 'operations' and troubles.stage is distinct from $leaving
        and troubles.day < $day_after::date and troubles.day >= $day_after::date - $days::integer
    group by troubles.customer_id
),

spoke as (
    select customer_id, max(said_on) as spoke_on
    from (
        select customer_id, said_on from tagging.tagged_records where customer_id is not null
        union all
        select customer_id, (asked_at at time zone $timezone)::date as said_on from records.checkins where answered = 1 and asked_at <= $clock
    )
    group by customer_id
),

ours as (
    select distinct customer_id from records.records where role in ('employee', 'supplier') and customer_id is not null
)

select
    lives.customer_id, lives.value, lives.value_basis, met.failed_on, met.trouble_id, met.trouble_ids,
    met.failed_on >= $day_after::date - $lately::integer and coalesce(spoke.spoke_on < met.failed_on, true) as is_silent
from growth.lives as lives
inner join met using (customer_id)
left join spoke using (customer_id)
anti join ours using (customer_id)
where lives.left_on is null
order by lives.customer_id
