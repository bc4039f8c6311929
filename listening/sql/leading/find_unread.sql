-- records whose words were not read yet as they stand now, or by other lists of words
create or replace temp table unread as
select said.record_id, said.counted_as, said.text
from tagging.tagged_records as said
left join "leading".read_records as known using (record_id)
where said.text is not null and (known.counted_as is distinct from said.counted_as or known.read_by is distinct from $read_by)
