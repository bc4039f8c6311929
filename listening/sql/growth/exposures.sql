-- what each customer passed in the days before their landmark, and whether trouble was met there
select troubles.trouble_id, landmarks.customer_id, bool_or(troubles.is_met) as is_met
from growth.landmarks as landmarks
inner join growth.troubles as troubles
    on landmarks.customer_id = troubles.customer_id and troubles.day < landmarks.day and troubles.day >= landmarks.day - $days::integer
where landmarks.look = $look and ($outcome <> 'left' or troubles.stage is distinct from $leaving)
group by all
order by all
