-- yearly value of leavers who go with each stage's clear troubles, in the last year of input
select stage, sum(value) as value
from growth.drivers
where outcome = 'left' and is_clear and value > 0
group by all
order by all
