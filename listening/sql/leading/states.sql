-- customers of each stage and period, and how many of them were lost where that is known
select
    story.stage, story.period_kind, story.period, story.customers,
    case when (select count(*) > 0 from growth.lives where left_on is not null) then coalesce(flows.lost, 0) end as lost
from story.stage_story as story
left join growth.stage_flows as flows using (stage, period_kind, period, cut_by, cut_value)
where story.cut_by = 'all' and story.period_kind <> 'month'
order by all
