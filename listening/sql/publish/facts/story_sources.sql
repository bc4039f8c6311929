select stage, period_kind, period, source, kind, records, units, n, positive, positive_low, positive_high, negative, negative_low, negative_high, indicator, indicator_low, indicator_high
from stage_sources
where cut_by = 'all' and units > 0
order by stage, period_kind, period_start, units desc, source
