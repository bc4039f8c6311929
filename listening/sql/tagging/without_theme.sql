-- sentences of stages that no theme fits: those that are new since a stage was last looked at, and those of the last months; the newest of both for each stage
with lately as (
    select record_id, said_at, said_on, landed_at, coalesce(customer_id, source || '/' || thread_id, record_id) as voice
    from records.records
    where (landed_at > list_min($since) or said_at > $back) and said_at <= $clock
        and role not in ('employee', 'supplier') and coalesce(language, 'en') = 'en'
),

said as (
    select
        themed.stage, themed.record_id, themed.sentence_no, lately.said_at, lately.said_on, lately.voice,
        lately.landed_at > $since[list_position($stages, themed.stage)] as is_new,
        $most[list_position($stages, themed.stage)] as most
    from tagging.sentence_themes as themed
    inner join lately using (record_id)
    where themed.theme is null and themed.stage in (select unnest($stages)) and (is_new or lately.said_at > $back)
    qualify row_number() over (partition by themed.stage, is_new order by lately.said_at desc, themed.record_id, themed.sentence_no) <= most
)

select said.stage, sentences.text, said.said_on, said.is_new, said.voice
from said
inner join tagging.sentences as sentences using (record_id, sentence_no)
order by said.stage, said.said_at desc, said.record_id, said.sentence_no
