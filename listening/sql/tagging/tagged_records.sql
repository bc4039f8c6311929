-- records are found by where they stand, since by their ids all that was ever said would be read
with records as (
    select *
    from records.records
    where not is_deleted and not is_dropped and said_at <= $clock
        and rowid in (select records.rowid from records.records as records semi join signals.touched_records using (record_id))
),

placed_scores as (
    select
        record_id,
        least(score_worst, score_best) as low,
        greatest(score_worst, score_best) as high,
        (score - score_worst) / nullif(score_best - score_worst, 0) as position,
        -- 1-10 counts as 0-10: the bands are of the score itself
        case when score_best > score_worst then score else score_best + score_worst - score end as rising_score
    from records
    where score is not null and score_worst <> score_best
),

persons as (
    select record_id from tagging.labels where counts and unit = 'record' and tag = 'stage'
),

score_stances as (
    select
        record_id,
        case
            when high = 10 and low in (0, 1) and rising_score <= 6 then 'trouble'
            when high = 10 and low in (0, 1) and rising_score >= 9 then 'great'
            when high = 10 and low in (0, 1) then 'in between'
            when high - low = 4 and position <= 0.25 then 'trouble'
            when high - low = 4 and position >= 0.75 then 'great'
            when high - low = 4 then 'in between'
            when position <= 0.375 then 'trouble'
            when position >= 0.625 then 'great'
            else 'in between'
        end as stance
    from placed_scores
)

select
    records.record_id, records.source, records.kind, records.native_id, records.thread_id, records.answer_id, records.customer_id, records.account_id, records.role,
    records.said_at, records.experienced_at, records.said_on, records.landed_at,
    records.text, records.language, records.score, records.score_worst, records.score_best, records.score_name,
    tags.stage, tags.stage_guess, tags.stage_confidence,
    case when records.record_id in (from persons) then 'person' else tags.stage_basis end as stage_basis,
    tags.touchpoint, tags.flags,
    coalesce(
        score_stances.stance,
        case when tags.sentiment < -0.1 then 'trouble' when tags.sentiment > 0.1 then 'great' when tags.sentiment is not null then 'in between' end
    ) as stance,
    tags.sentiment,
    tags.effort, tags.expectation, tags.memorable, tags.recommend, tags.intent, tags.purpose, tags.competitor,
    tags.classifier_version, tags.journey_version,
    records.url, records.region, records.channel, records.product, records.brand, records.segment, records.unit, records.team, records.own_dimensions,
    records.attributes, fingerprints.counted_as
from records
inner join signals.fingerprints as fingerprints using (record_id)
left join tagging.tags as tags using (record_id)
left join score_stances using (record_id)
order by records.record_id
