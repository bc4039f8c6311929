-- customers (conversations, records, where nobody is named) without a theme at a stage who came after it was last looked at
select count(distinct coalesce(records.customer_id, records.source || '/' || records.thread_id, records.record_id)) as voices
from tagging.sentence_themes as themed
inner join records.records as records using (record_id)
where themed.stage = $stage and themed.theme is null
    and records.landed_at > $since and records.said_at <= $clock
    and records.role not in ('employee', 'supplier') and coalesce(records.language, 'en') = 'en'
