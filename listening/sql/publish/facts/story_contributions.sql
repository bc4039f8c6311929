select stage, period_kind, period, source, kind, contribution, source_adjusted
from stage_sources
where cut_by = 'all' and contribution is not null
order by stage, period_kind, period_start, abs(contribution) desc, source
