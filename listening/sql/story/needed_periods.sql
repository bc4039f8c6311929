select period_kind, period, period_start, period_end, is_over, 'all' as cut_by, 'all' as cut_value from story.periods
semi join story.needed using (period_kind, period)
order by all
