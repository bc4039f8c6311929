-- who met each trouble in the last days of input, and how many came through where it is met
select
    troubles.trouble_id,
    count(distinct troubles.customer_id) filter (where troubles.is_met) as met,
    count(distinct troubles.customer_id) filter (where troubles.told_by = 'operations') as passed
from growth.troubles as troubles
where troubles.day < $day_after::date and troubles.day >= $day_after::date - $days::integer
group by all
having met > 0
order by troubles.trouble_id
