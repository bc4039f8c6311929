select records.language, count(*) as texts
from tagging.tags as tags
inner join records.records as records using (record_id)
where list_contains(tags.flags, 'other_language') and not records.is_deleted and not records.is_dropped
group by records.language
order by texts desc, records.language
