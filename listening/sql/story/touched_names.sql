select period_kind, period from story.touched_periods
