select *, period_kind <> 'rolling' or period = 'last 90 days' as is_told
from story.periods
semi join story.touched_periods using (period_kind, period)
