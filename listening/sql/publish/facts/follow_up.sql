-- whom to call back, counted: no customer's id leaves the table
select owner, count(*) as customers, count(*) filter (where status = 'open') as open, sum(value_at_risk) as value_at_risk
from follow_up
group by owner
order by customers desc, owner
