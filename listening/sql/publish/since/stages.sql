select
    story.stage, journey.name as title, story.evidence_level, story.direction, story.net_experience, story.net_low, story.net_high,
    coalesce(story.change, moved.value) as change, coalesce(story.change_low, moved.low) as change_low, coalesce(story.change_high, moved.high) as change_high
from stage_story as story
inner join journey using (stage)
left join stage_measures as moved
    on
        moved.stage = story.stage and moved.period_kind = story.period_kind and moved.period = story.period
        and moved.cut_by = story.cut_by and moved.cut_value = story.cut_value and moved.measure = 'net_change_of_feedback'
where story.period_kind = 'rolling' and story.cut_by = 'all'
order by journey.stage_no
