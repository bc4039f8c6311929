-- sentences of stages that no theme fits: those that are new since a stage was last looked at, and those of the last months; the newest of both for each stage
with said as (
    select
        themed.stage, themed.record_id, themed.sentence_no, records.said_at, records.said_on,
        coalesce(records.customer_id, records.source || '/' || records.thread_id, records.record_id) as voice,
        records.landed_at > $since[list_position($stages, themed.stage)] as is_new,
        $most[list_position($stages, themed.stage)] as most
    from tagging.sentence_themes as themed
    inner join records.records as records using (record_id)
    where themed.theme is null and themed.stage in (select unnest($stages)) and (is_new or records.said_at > $back) and records.said_at <= $clock
        and records.role not in ('employee', 'supplier') and coalesce(records.language, 'en') = 'en'
    qualify row_number() over (partition by themed.stage, is_new order by records.said_at desc, themed.record_id, themed.sentence_no) <= most
)

select said.stage, sentences.text, said.said_on, said.is_new, said.voice
from said
inner join tagging.sentences as sentences using (record_id, sentence_no)
order by said.stage, said.said_at desc, said.record_id, said.sentence_no
