-- records whose text, language, given stage or versions differ from those that their tags were made from; a person's label
-- takes the place of the stage and touchpoint that the source gives
with labelled as (
    select record_id, class as stage from tagging.labels where counts and unit = 'record' and tag = 'stage'
),

given as (
    select
        record_id, text, text_hash, language,
        coalesce(labelled.stage, given_stage) as given_stage,
        case when labelled.stage is null then given_touchpoint end as given_touchpoint
    from records.records
    left join labelled using (record_id)
    where not is_deleted
),

present as (
    select *, coalesce(given_stage, '') || '/' || coalesce(given_touchpoint, '') || '/' || coalesce(language, '') as given
    from given
)

select present.*
from present
left join tagging.tags as tags using (record_id)
where tags.record_id is null
    or tags.version <> $version
    or tags.text_hash is distinct from present.text_hash
    or tags.given is distinct from present.given
order by present.record_id
