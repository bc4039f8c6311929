-- some sentences of each stage, always the same
with chosen as (
    select themed.stage, unnest(min({'record_id': themed.record_id, 'sentence_no': themed.sentence_no}, $most)) as place
    from tagging.sentence_themes as themed
    inner join records.records as records using (record_id)
    where records.said_at <= $clock
        and records.role not in ('employee', 'supplier') and coalesce(records.language, 'en') = 'en'
    group by themed.stage
)

select chosen.stage, sentences.text
from chosen
inner join tagging.sentences as sentences on sentences.record_id = chosen.place.record_id and sentences.sentence_no = chosen.place.sentence_no
order by chosen.stage, sentences.record_id, sentences.sentence_no
