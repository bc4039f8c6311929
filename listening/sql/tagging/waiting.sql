-- records whose text, language, given stage or versions differ from those that their tags were made from
with present as (
    select
        record_id, text, text_hash, language, given_stage, given_touchpoint,
        coalesce(given_stage, '') || '/' || coalesce(given_touchpoint, '') || '/' || coalesce(language, '') as given
    from records.records
    where not is_deleted
)

select present.*
from present
left join tagging.tags as tags using (record_id)
where tags.record_id is null
    or tags.version <> $version
    or tags.text_hash is distinct from present.text_hash
    or tags.given is distinct from present.given
order by present.record_id
