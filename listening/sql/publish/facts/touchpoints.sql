select
    touchpoints.stage, touchpoints.touchpoint, touchpoints.name, touchpoints.owner, touchpoints.priority, touchpoints.basic,
    count(records.record_id) as records,
    any_value(told.survey_answers) as survey_answers,
    any_value(told.n) as n,
    any_value(told.trouble_share) as trouble_share,
    any_value(told.trouble_low) as trouble_low,
    any_value(told.trouble_high) as trouble_high,
    any_value(told.story) as story
from touchpoints
left join records on records.touchpoint = touchpoints.touchpoint and records.stage = touchpoints.stage and records.role not in ('employee', 'supplier')
left join touchpoint_story as told on told.touchpoint = touchpoints.touchpoint and told.period_kind = 'rolling'
group by all
order by records desc, touchpoints.touchpoint
