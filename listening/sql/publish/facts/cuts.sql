-- the last 90 days of each stage by each dimension; groups of whom fewer than five said how they live it are only counted
with shares as (
    pivot (
        select stage, cut_by, cut_value, measure, "value", low, high, denominator
        from stage_measures
        where period_kind = 'rolling' and cut_by <> 'all' and measure in ('trouble_of_feedback', 'great_of_feedback')
    ) on measure in ('trouble_of_feedback', 'great_of_feedback')
    using any_value("value") as share, any_value(low) as low, any_value(high) as high, any_value(denominator) as n
    group by stage, cut_by, cut_value
)

select
    story.stage, story.cut_by, story.cut_value, story.heard, story.customers, story.direction, story.gained, story.lost,
    shares.trouble_of_feedback_n as n,
    shares.trouble_of_feedback_share as trouble, shares.trouble_of_feedback_low as trouble_low, shares.trouble_of_feedback_high as trouble_high,
    shares.great_of_feedback_share as great, shares.great_of_feedback_low as great_low, shares.great_of_feedback_high as great_high
from stage_story as story
left join shares using (stage, cut_by, cut_value)
where story.period_kind = 'rolling' and story.cut_by <> 'all'
order by story.stage, story.cut_by, n desc nulls last, story.cut_value
