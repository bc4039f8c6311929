-- sentences that can stand alone, with a clear side, of records that lean the same way; of more than are compared every k-th of each source
with sentences as (
    select
        periods.period_kind, periods.period, periods.period_start, periods.period_end, periods.is_over,
        sentences.stage,
        case when sentences.sentiment < 0 then 'trouble' else 'great' end as side,
        sentences.record_id, sentences.sentence_no, sentences.text, records.source,
        coalesce(records.customer_id, records.thread_id, records.record_id) as voice
    from tagging.sentences as sentences
    inner join tagging.tagged_records as records using (record_id)
    inner join story.due_days as periods on records.said_on = periods.day
    where periods.is_told and periods.period_kind <> 'month'
        and records.role not in ('employee', 'supplier')
        and sentences.stage is not null and sentences.stage <> 'none'
        and length(sentences.text) between 40 and 240
        and ((sentences.sentiment <= -0.4 and records.stance = 'trouble') or (sentences.sentiment >= 0.4 and records.stance = 'great'))
),

numbered as (
    select
        *,
        greatest($most_compared // count(distinct source) over (partition by period_kind, period, stage, side), 1) as allowed,
        count(*) over (partition by period_kind, period, stage, side, source) as there,
        row_number() over (partition by period_kind, period, stage, side, source order by record_id, sentence_no) as place
    from sentences
)

select * exclude (allowed, there, place)
from numbered
where there <= allowed or place * allowed // there > (place - 1) * allowed // there
order by period_kind, period_start, stage, record_id, sentence_no
