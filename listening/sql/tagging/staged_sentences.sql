-- sentences with their stage; one without a stage of its own is taken with its record
create or replace temporary view staged_sentences as
select
    record_id, sentences.sentence_no, sentences.rowid as "at", tags.is_themed,
    coalesce(sentences.stage, tags.stage) as stage,
    case
        when tags.stage_basis <> 'text' then 1.0
        when sentences.stage is not null then sentences.stage_confidence
        else tags.stage_confidence
    end as confidence
from tagging.sentences as sentences
inner join tagging.tags as tags using (record_id)
where coalesce(sentences.stage, tags.stage) <> 'none'
