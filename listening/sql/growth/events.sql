-- the first day in the window on which each customer did it
select customer_id, min(day) as day, sum(amount) as amount
from (
    select customer_id, left_on as day, value as amount from growth.lives where $outcome = 'left' and left_on is not null
    union all
    select customer_id, ("at" at time zone $timezone)::date as day, amount from records.outcomes where outcome = $outcome and $outcome <> 'left' and "at" <= $clock
)
where day >= $first_day::date and day < $day_after::date
group by customer_id
order by customer_id
