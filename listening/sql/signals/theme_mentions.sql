-- what each unit speaks of at each stage; how it speaks of it is told by those sentences where they are clear, else by the unit's stance
with touched as (
    select record_id, unit_id from signals.members where unit_id in (from signals.touched_units)
),

sentences as (
    select record_id, sentence_no, sentiment, "stop" - "start" as length from tagging.sentences semi join touched using (record_id)
),

said as (
    select themed.stage, themed.theme, sentences.sentiment, sentences.length, record_id, touched.unit_id
    from touched
    inner join tagging.sentence_themes as themed using (record_id)
    inner join sentences using (record_id, sentence_no)
),

mentions as (
    select
        unit_id,
        stage,
        coalesce(theme, 'other') as theme,
        count(distinct record_id) as records,
        sum(sentiment * length) / nullif(sum(length) filter (where sentiment is not null), 0) as sentiment
    from said
    group by unit_id, stage, theme
    -- 'other' is for units that speak of no theme of the stage
    qualify theme is not null or count(*) over (partition by unit_id, stage) = 1
)

select
    mentions.unit_id, mentions.stage, mentions.theme, units.source, units.kind, units.said_on,
    case when mentions.sentiment <= -0.4 then 'trouble' when mentions.sentiment >= 0.4 then 'great' else units.stance end as stance,
    mentions.records, coalesce(units.customer_id, units.unit_id) as voice,
    units.region, units.channel, units.product, units.brand, units.segment, units."unit", units.team, units.own_dimensions
from mentions
inner join signals.units as units using (unit_id)
order by mentions.unit_id, mentions.stage, mentions.theme
