select stage, period_kind, period, measure, value, low, high, n, denominator, method
from stage_measures
where cut_by = 'all'
order by stage, period_kind, period_start, measure
