-- each source's weeks, and the 13 weeks before each: texts, and sums of what is watched, of its squares, and of (a week's sum)² / texts
with said as (
    select
        records.source, date_trunc('week', records.said_on)::date as week_start,
        list_contains(tags.flags, 'unlike_training')::double as unlike,
        (tags.stage_confidence < $placed_from)::double as abstained,
        tags.stage_confidence as confidence
    from tagging.tags as tags
    inner join records.records as records using (record_id)
    where tags.stage_guess is not null and not records.is_deleted and not records.is_dropped
),

watched as (
    unpivot said on unlike, abstained, confidence into name measure value value
),

weeks as (
    select source, week_start, measure, count(*) as texts, sum(value) as total, sum(value * value) as squares
    from watched
    group by source, week_start, measure
)

select
    source, week_start, measure, texts, total / texts as mean,
    count(*) over before as weeks_before,
    coalesce(sum(texts) over before, 0) as texts_before,
    sum(total) over before as total_before,
    sum(squares) over before as squares_before,
    sum(total * total / texts) over before as between_before
from weeks
window before as (
    partition by source, measure order by week_start range between interval 91 days preceding and interval 7 days preceding
)
order by source, week_start, measure
