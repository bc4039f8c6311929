-- records whose text, language, given stage or versions differ from those that their tags were made from, in the store's own order
create or replace temp table waiting as
with present as (
    select
        rowid as place, record_id, text_hash,
        coalesce(given_stage, '') || '/' || coalesce(given_touchpoint, '') || '/' || coalesce(language, '') as given
    from records.records
    where not is_deleted
)

select present.record_id, present.given, row_number() over (order by present.place) - 1 as place
from present
left join tagging.tags as tags using (record_id)
where tags.record_id is null
    or tags.version <> $version
    or tags.text_hash is distinct from present.text_hash
    or tags.given is distinct from present.given
