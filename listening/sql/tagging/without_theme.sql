-- sentences of a stage that no theme fits: those that are new since it was last looked at, and those of the last months
select
    sentences.text, records.said_on, records.landed_at > $since as is_new,
    coalesce(records.customer_id, records.source || '/' || records.thread_id, records.record_id) as voice
from tagging.sentence_themes as themed
inner join tagging.sentences as sentences using (record_id, sentence_no)
inner join records.records as records using (record_id)
where themed.stage = $stage and themed.theme is null
    and (records.landed_at > $since or records.said_at > $back) and records.said_at <= $clock
    and records.role not in ('employee', 'supplier') and coalesce(records.language, 'en') = 'en'
order by records.said_at desc, themed.record_id, themed.sentence_no
limit $most
