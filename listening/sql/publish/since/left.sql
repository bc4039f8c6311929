with gone as (
    select customer_id from customers where left_at <= $today::date
    union
    select customer_id from outcomes where outcome = 'left'
),

worth as (
    select customer_id, arg_max("value", valid_from) as "value" from customers where "value" is not null group by customer_id
)

select count(*) as customers, sum(worth."value") as "value", exists(from customers) or exists(from outcomes) as is_known
from gone
left join worth using (customer_id)
