-- some sentences of each other stage, always the same
select themed.stage, sentences.text
from tagging.sentence_themes as themed
inner join tagging.sentences as sentences using (record_id, sentence_no)
inner join records.records as records using (record_id)
where themed.stage <> $stage and records.said_at <= $clock
    and records.role not in ('employee', 'supplier') and coalesce(records.language, 'en') = 'en'
qualify row_number() over (partition by themed.stage order by themed.record_id, themed.sentence_no) <= $most
order by themed.stage, themed.record_id, themed.sentence_no
