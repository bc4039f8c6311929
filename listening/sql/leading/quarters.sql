-- every measure of every stage in the quarters that are over
select stage, measure, period_start, period_end, value, low, high
from story.stage_measures
where period_kind = 'quarter' and is_over and cut_by = 'all'
order by all
