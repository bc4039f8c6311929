-- records whose text or versions differ from those that their tags were made from
select records.record_id, records.text, records.text_hash, records.language, records.given_stage, records.given_touchpoint
from records.records as records
left join tagging.tags as tags using (record_id)
where not records.is_deleted
    and (
        tags.record_id is null
        or tags.version <> $version
        or tags.text_hash is distinct from records.text_hash
        or tags.given is distinct from coalesce(records.given_touchpoint, records.given_stage)
    )
order by records.record_id
