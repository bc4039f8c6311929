-- what was said of each touchpoint, and how many survey answers its stage had
with spans as (
    from story.due_days where is_told and period_kind <> 'month'
),

said as (
    select
        spans.period_kind, spans.period, units.touchpoint,
        count(*) as units,
        count(distinct units.source) as sources,
        count(units.stance) as n,
        count(*) filter (where units.stance = 'trouble') as trouble,
        count(*) filter (where units.stance = 'great') as great
    from signals.units as units
    inner join spans on units.said_on = spans.day
    where units.touchpoint is not null
    group by all
),

asked as (
    select spans.period_kind, spans.period, units.stage, count(*) as survey_answers
    from signals.units as units
    inner join spans on units.said_on = spans.day
    where units.kind = 'survey' and units.stage is not null
    group by all
)

select
    spans.period_kind, spans.period, spans.period_start, spans.period_end, spans.is_over, points.stage, points.touchpoint,
    coalesce(said.units, 0) as units,
    coalesce(said.sources, 0) as sources,
    coalesce(said.n, 0) as n,
    coalesce(said.trouble, 0) as trouble,
    coalesce(said.great, 0) as great,
    coalesce(asked.survey_answers, 0) as survey_answers
from (from story.due where is_told and period_kind <> 'month') as spans
cross join (select unnest($touchpoints::varchar[]) as touchpoint, unnest($stages::varchar[]) as stage) as points
left join said using (period_kind, period, touchpoint)
left join asked using (period_kind, period, stage)
order by all
