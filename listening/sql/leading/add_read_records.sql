insert into "leading".read_records
select
    record_id, counted_as, $read_by as read_by,
    case when length(trim(text)) > 0 then length(regexp_replace(trim(text), '\S+', '', 'g')) + 1 end as words
from unread
