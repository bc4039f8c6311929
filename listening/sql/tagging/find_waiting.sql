-- records whose text, language, given stage or versions differ from those that their tags were made from, in the store's own order;
-- a person's label takes the place of the stage and touchpoint that the source gives
create or replace temp table waiting as
with labelled as (
    select record_id, class as stage from tagging.labels where counts and unit = 'record' and tag = 'stage'
),

given as (
    select
        records.rowid as place, record_id, text_hash, language,
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

select present.record_id, present.given_stage, present.given_touchpoint, present.given, present.place as "at", row_number() over (order by present.place) - 1 as place
from present
left join tagging.tags as tags using (record_id)
where tags.record_id is null
    or tags.version <> $version
    or tags.text_hash is distinct from present.text_hash
    or tags.given is distinct from present.given
