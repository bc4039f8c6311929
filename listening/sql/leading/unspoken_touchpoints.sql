-- touchpoints that nobody named though customers were in their stage
select points.stage, points.period_kind, points.period, points.touchpoint, points.owner, points.priority, points.survey_answers, there.customers
from story.touchpoint_story as points
inner join story.customers as there using (stage, period_kind, period)
where there.cut_by = 'all' and points.units = 0 and there.customers >= $least
order by all
