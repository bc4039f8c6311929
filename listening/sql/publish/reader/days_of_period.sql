select distinct period_start, period_end from stage_story where lower(period) = lower($period)
