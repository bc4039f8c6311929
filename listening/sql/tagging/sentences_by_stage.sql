-- some sentences of each stage, always the same: of the records with the first ids, which are hashes and so a sample of all
with sample as (
    select printf('%08x', least(16::bigint ** 8 * $records / count(*), 16::bigint ** 8 - 1)::bigint) as upto from records.records
),

said as (
    select themed.stage, themed.record_id, themed.sentence_no
    from tagging.sentence_themes as themed
    inner join records.records as records using (record_id)
    where themed.record_id <= (select upto from sample) and records.record_id <= (select upto from sample) and records.said_at <= $clock
        and records.role not in ('employee', 'supplier') and coalesce(records.language, 'en') = 'en'
    qualify row_number() over (partition by themed.stage order by themed.record_id, themed.sentence_no) <= $most
)

select said.stage, sentences.text
from said
inner join tagging.sentences as sentences using (record_id, sentence_no)
where sentences.record_id <= (select upto from sample)
order by said.stage, said.record_id, said.sentence_no
