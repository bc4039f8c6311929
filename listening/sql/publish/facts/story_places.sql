select stage, period_kind, period, cut_by, cut_value, source, trouble_here, n_here, trouble_elsewhere, n_elsewhere
from stage_places
order by stage, period_kind, period_start
