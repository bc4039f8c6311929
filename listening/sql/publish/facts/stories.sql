select
    stage, period_kind, period, period_start, period_end, is_over, records, heard, customers, evidence_level, net_experience, net_low, net_high,
    order_low, order_high, change, change_low, change_high, direction, survey_gap, maturity_level, limiting_measure,
    gained, lost, value_gained, value_lost, story
from stage_story
where cut_by = 'all'
order by stage, period_kind, period_start desc
