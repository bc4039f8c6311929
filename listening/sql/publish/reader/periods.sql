select distinct period_kind, period, period_start from stage_story order by period_kind desc, period_start
