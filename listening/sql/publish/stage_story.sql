-- the story as it was told, with the stage's maturity and the customers gained and lost who were in it
with known as (
    select bool_or(since is not null) as gained, bool_or(left_on is not null) as lost, bool_or(value is not null) as worth
    from growth.lives
)

select
    story.* exclude (is_counted) replace (
        maturity.maturity_level as maturity_level,
        maturity.limiting_measure as limiting_measure,
        if(known.gained, coalesce(flows.gained, 0), null) as gained,
        if(known.lost, coalesce(flows.lost, 0), null) as lost,
        if(known.gained and known.worth, coalesce(flows.value_gained, 0), null) as value_gained,
        if(known.lost and known.worth, coalesce(flows.value_lost, 0), null) as value_lost
    )
from (select *, customers is not null as is_counted from story.stage_story) as story
left join known on story.is_counted
left join growth.stage_flows as flows using (stage, period_kind, period, cut_by, cut_value)
left join "leading".maturity as maturity on
    story.stage = maturity.stage and story.period_kind = maturity.period_kind and story.period = maturity.period and story.cut_by = 'all'
order by stage, period_kind, period, cut_by, cut_value
