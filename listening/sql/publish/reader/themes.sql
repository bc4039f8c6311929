with listed as (
    select theme, stage, name, kind, phrases, opened_on, part_of from themes where merged_into is null
    union all
    select 'other', stage, 'Other', 'other', [], null, null from journey
)

select
    listed.theme, listed.stage, journey.name as stage_name, listed.name, listed.kind, listed.phrases, listed.opened_on, listed.part_of,
    coalesce(told.units, 0) as units, told.denominator, told.share, told.low, told.high, told.change, told.change_low, told.change_high,
    coalesce(told.trouble, 0) as trouble, coalesce(told.great, 0) as great
from listed
inner join journey using (stage)
left join stage_themes as told
    on told.theme = listed.theme and told.stage = listed.stage and told.period_kind = 'rolling' and told.side = 'all' and told.cut_by = 'all'
where $stage is null or lower($stage) in (lower(listed.stage), lower(journey.name))
order by journey.stage_no, listed.theme = 'other', units desc, listed.theme
