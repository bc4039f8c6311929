-- of each stage, customers (conversations, records, where nobody is named) without a theme who came after it was last looked at,
-- and how many of its sentences without a theme came after it was last looked through as a whole, and before
with said as (
    select
        themed.stage, records.landed_at,
        coalesce(records.customer_id, records.source || '/' || records.thread_id, records.record_id) as voice,
        $since[list_position($stages, themed.stage)] as since, $whole[list_position($stages, themed.stage)] as whole
    from tagging.sentence_themes as themed
    inner join records.records as records using (record_id)
    where themed.theme is null and records.said_at <= $clock
        and records.role not in ('employee', 'supplier') and coalesce(records.language, 'en') = 'en'
)

select
    stage, count(distinct voice) filter (where landed_at > since) as voices,
    count(*) filter (where landed_at > whole) as after, count(*) filter (where landed_at <= whole) as before
from said
where stage in (select unnest($stages))
group by stage
