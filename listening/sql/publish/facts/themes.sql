-- every theme of each stage with what the last 90 days say of it, and how many comments speak of it in all
with listed as (
    select theme, stage, name, kind, opened_on from themes where merged_into is null
    union all
    select 'other', stage, 'Other', 'other', null from journey
),

said as (
    select record_themes.stage, record_themes.theme, count(*) as comments, min(records.said_on) as first_day
    from record_themes
    inner join records using (record_id)
    where records.role not in ('employee', 'supplier') and records.text is not null
    group by record_themes.stage, record_themes.theme
)

select
    listed.stage, listed.theme, listed.name, listed.kind, listed.opened_on,
    coalesce(said.comments, 0) as comments, said.first_day,
    told.side, coalesce(told.units, 0) as units, told.denominator, told.share, told.low, told.high, told.change, told.change_low, told.change_high
from listed
left join said using (stage, theme)
left join stage_themes as told
    on told.stage = listed.stage and told.theme = listed.theme and told.period_kind = 'rolling' and told.cut_by = 'all'
where said.comments > 0 or told.units > 0
order by
    listed.stage, listed.theme = 'other', max(coalesce(told.units, 0)) over (partition by listed.stage, listed.theme) desc,
    said.comments desc nulls last, listed.theme, told.side
