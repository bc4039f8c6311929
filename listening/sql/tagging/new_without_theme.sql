-- of each stage, customers (conversations, records, where nobody is named) without a theme who came after it was last looked at
with came as (
    select record_id, landed_at, coalesce(customer_id, source || '/' || thread_id, record_id) as voice
    from records.records
    where landed_at > list_min($since) and said_at <= $clock and role not in ('employee', 'supplier') and coalesce(language, 'en') = 'en'
)

select themed.stage, count(distinct came.voice) as voices
from tagging.sentence_themes as themed
inner join came using (record_id)
where themed.theme is null and came.landed_at > $since[list_position($stages, themed.stage)]
group by themed.stage
