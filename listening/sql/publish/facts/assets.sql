select period_kind, period, period_start, period_end - 1 as last_day, is_over, movement, customers, "value", value_basis, valued, text
from customer_assets
where cut_by = 'all' and period_kind in ('rolling', 'quarter')
order by period_kind <> 'rolling', period_start desc, movement
