-- customers (conversations, records, where nobody is named) without a theme at a stage who came after it was last looked at,
-- and how many of the stage's sentences without a theme came after it was last looked through as a whole, and before
select
    count(distinct coalesce(records.customer_id, records.source || '/' || records.thread_id, records.record_id)) filter (where records.landed_at > $since) as voices,
    count(*) filter (where records.landed_at > $whole) as after,
    count(*) filter (where records.landed_at <= $whole) as before
from tagging.sentence_themes as themed
inner join records.records as records using (record_id)
where themed.stage = $stage and themed.theme is null and records.said_at <= $clock
    and records.role not in ('employee', 'supplier') and coalesce(records.language, 'en') = 'en'
