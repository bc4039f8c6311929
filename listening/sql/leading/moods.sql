-- feedback with words by stage ('all' for the whole company) and period: how much of it is neutral, and how many words each customer gave who spoke
with pieces as (
    select
        units.unit_id, units.stage, units.said_on, coalesce(units.customer_id, units.unit_id) as speaker,
        abs(sum(said.sentiment * length(said.text)) / sum(length(said.text)) filter (where said.sentiment is not null)) <= 0.1 as is_neutral,
        sum(known.words) as words
    from signals.units as units
    inner join signals.members as members using (unit_id)
    inner join tagging.tagged_records as said using (record_id)
    inner join "leading".read_records as known using (record_id)
    where units.is_worded and known.words is not null
    group by all
),

placed as (
    select stage, said_on, speaker, is_neutral, words from pieces where stage is not null
    union all
    select 'all' as stage, said_on, speaker, is_neutral, words from pieces
),

people as (
    select
        placed.stage, periods.period_kind, periods.period, placed.speaker,
        sum(placed.words) as words, count(placed.is_neutral) as pieces, count(*) filter (where placed.is_neutral) as neutral
    from placed
    inner join story.periods as periods on placed.said_on >= periods.period_start and placed.said_on < periods.period_end
    where periods.period_kind <> 'month'
    group by all
)

select
    stage, period_kind, period, sum(neutral)::bigint as neutral, sum(pieces)::bigint as pieces,
    -- rounded, since in what order they are added up changes the last digits
    count(*) as speakers, round(avg(words), 9) as words, round(coalesce(stddev_samp(words), 0), 9) as deviation
from people
group by all
order by all
