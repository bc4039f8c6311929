-- of each stage, customers (conversations, records, where nobody is named) without a theme who came after it was last looked at,
-- and how many of its sentences without a theme came after it was last looked through as a whole, and before
with came as (
    select
        record_id, landed_at,
        case
            when said_at <= $clock and role not in ('employee', 'supplier') and coalesce(language, 'en') = 'en'
                then coalesce(customer_id, source || '/' || thread_id, record_id)
        end as voice
    from records.records
    where landed_at > list_min($whole)
),

news as (
    select
        themed.stage,
        count(distinct came.voice) filter (where came.landed_at > $since[list_position($stages, themed.stage)]) as voices,
        count(*) filter (where came.landed_at > $whole[list_position($stages, themed.stage)]) as after
    from tagging.sentence_themes as themed
    inner join came using (record_id)
    where themed.theme is null
    group by themed.stage
),

there as (
    select stage, count(*) as sentences from tagging.sentence_themes where theme is null group by stage
)

select stage, news.voices, news.after, there.sentences - news.after as before
from news
inner join there using (stage)
