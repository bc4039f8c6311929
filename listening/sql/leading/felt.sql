-- what stage_measures holds of effort and moments in feedback
select stage, period_kind, period, measure, value, low, high, n, denominator, method
from story.stage_measures
where cut_by = 'all' and period_kind <> 'month' and measure in ('effort_of_feedback', 'memorable_good_of_feedback')
order by all
