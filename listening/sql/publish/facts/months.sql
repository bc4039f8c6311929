-- customers gained and lost month by month, the newest first
select period_kind, period, period_start, period_end - 1 as last_day, is_over, movement, customers, "value", value_basis, valued, text
from customer_assets
where cut_by = 'all' and period_kind = 'month' and movement in ('active', 'gained', 'lost', 'net')
order by period_start desc, movement
limit $most * 4
