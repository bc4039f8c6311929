-- the published figures that one unit is counted in: of each table what, in which periods and cuts
with counted as (
    select * from units where unit_id = $unit_id
),

dimensions as (
    unpivot (select region, channel, product, brand, segment, "unit", team from counted) on columns(*) into name cut_by value cut_value
),

cuts as (
    select 'all' as cut_by, 'all' as cut_value
    union all
    select cut_by, cut_value from dimensions
    union all
    select cut_by, own_dimensions ->> cut_by as cut_value
    from (select own_dimensions, unnest(json_keys(own_dimensions)) as cut_by from counted where own_dimensions is not null)
),

spoken_of as (
    select distinct sentences.theme
    from sentences
    inner join records using (record_id)
    where records.unit_id = $unit_id and sentences.theme is not null
),

found as (
    select 'signals' as "table", signals.source as what, 'day' as period_kind, signals.said_on::varchar as period, signals.said_on as period_start, cut_by, cut_value
    from signals
    inner join counted on signals.source = counted.source and signals.stage is not distinct from counted.stage and signals.said_on = counted.said_on
    inner join cuts using (cut_by, cut_value)

    union all

    select 'signals_by_theme' as "table", theme as what, 'day' as period_kind, signals_by_theme.said_on::varchar as period, signals_by_theme.said_on as period_start, cut_by, cut_value
    from signals_by_theme
    inner join spoken_of using (theme)
    inner join counted on signals_by_theme.source = counted.source and signals_by_theme.said_on = counted.said_on
    inner join cuts using (cut_by, cut_value)

    union all

    select 'stage_story' as "table", null as what, period_kind, period, period_start, cut_by, cut_value
    from stage_story
    inner join counted on stage_story.stage = counted.stage and counted.said_on >= period_start and counted.said_on < period_end
    inner join cuts using (cut_by, cut_value)

    union all

    select 'stage_sources' as "table", stage_sources.source as what, period_kind, period, period_start, cut_by, cut_value
    from stage_sources
    inner join counted
        on stage_sources.stage = counted.stage and stage_sources.source = counted.source and counted.said_on >= period_start and counted.said_on < period_end
    inner join cuts using (cut_by, cut_value)

    union all

    select 'stage_scores' as "table", stage_scores.score_name as what, period_kind, period, period_start, cut_by, cut_value
    from stage_scores
    inner join counted
        on stage_scores.stage = counted.stage and stage_scores.source = counted.source and stage_scores.score_name is not distinct from counted.score_name
            and counted.score is not null and counted.said_on >= period_start and counted.said_on < period_end
    inner join cuts using (cut_by, cut_value)

    union all

    -- a share is counted of those units whose words (or score) tell of it
    select 'stage_measures' as "table", measure as what, period_kind, period, period_start, cut_by, cut_value
    from stage_measures
    inner join counted on stage_measures.stage = counted.stage and counted.said_on >= period_start and counted.said_on < period_end
    inner join cuts using (cut_by, cut_value)
    where case
        when measure in ('trouble_of_feedback', 'great_of_feedback', 'net_change_of_feedback') then counted.stance is not null
        when measure like 'expectation\_%\_of\_feedback' escape '\' and measure not like '%\_kept\_%' escape '\' and measure not like '%\_change\_%' escape '\'
            then counted.expectation is not null
        when measure = 'effort_of_feedback' then counted.effort is not null
        when measure in ('memorable_good_of_feedback', 'memorable_bad_of_feedback') then counted.is_worded
        else false
    end

    union all

    select 'stage_themes' as "table", theme || ' (' || side || ')' as what, period_kind, period, period_start, cut_by, cut_value
    from stage_themes
    inner join spoken_of using (theme)
    inner join counted on counted.said_on >= period_start and counted.said_on < period_end and side = 'all'
    inner join cuts using (cut_by, cut_value)

    union all

    select 'touchpoint_story' as "table", touchpoint_story.touchpoint as what, period_kind, period, period_start, 'all' as cut_by, 'all' as cut_value
    from touchpoint_story
    inner join counted on touchpoint_story.touchpoint = counted.touchpoint and counted.said_on >= period_start and counted.said_on < period_end

    union all

    select 'coverage' as "table", coverage.source as what, period_kind, period, period_start, 'all' as cut_by, 'all' as cut_value
    from coverage
    inner join counted
        on coverage.stage = counted.stage and coverage.source in (counted.source, 'all') and counted.said_on >= period_start and counted.said_on < period_end
),

figures as (
    select
        "table", what,
        list_sort(list(distinct period)) as periods,
        list_sort(list(distinct case when cut_by = 'all' then 'all' else cut_by || ' ' || cut_value end)) as cuts
    from found
    group by "table", what
)

select "table", list(what order by what) filter (where what is not null) as figures, periods, cuts
from figures
group by "table", periods, cuts
order by "table", figures
