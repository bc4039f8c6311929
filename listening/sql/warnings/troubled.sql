-- joined once for all warnings
select
    sentences.record_id, sentences.stage, themed.theme, sentences.text, sentences.sentiment, records.source, records.said_on,
    records.customer_id, coalesce(records.customer_id, records.thread_id, records.record_id) as voice,
    records.region, records.channel, records.product, records.brand, records.segment, records."unit", records.team, records.own_dimensions
from tagging.sentences as sentences
inner join tagging.tagged_records as records using (record_id)
left join tagging.sentence_themes as themed using (record_id, sentence_no)
where records.said_on >= $since and records.said_on <= $until
    and records.role not in ('employee', 'supplier') and records.kind <> 'checkins'
    and length(sentences.text) between 40 and 240 and sentences.sentiment <= -0.3
