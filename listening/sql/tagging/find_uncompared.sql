-- sentences of a stage that no rule has been compared with yet; one without a stage of its own is taken with its record
create or replace temp table uncompared as
with staged as (
    select
        sentences.record_id, sentences.sentence_no, sentences.text,
        coalesce(sentences.stage, tags.stage) as stage,
        case
            when tags.stage_basis <> 'text' then 1.0
            when sentences.stage is not null then sentences.stage_confidence
            else tags.stage_confidence
        end as confidence
    from tagging.sentences as sentences
    inner join tagging.tags as tags using (record_id)
)

select staged.record_id, staged.sentence_no, staged.stage, staged.confidence, staged.text, row_number() over () - 1 as place
from staged
anti join tagging.sentence_themes as themed using (record_id, sentence_no)
where staged.stage is not null and staged.stage <> 'none'
