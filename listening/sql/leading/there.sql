-- customers of each stage and period, all windows among them
select stage, period_kind, period, customers
from story.customers
where cut_by = 'all' and period_kind <> 'month'
order by all
