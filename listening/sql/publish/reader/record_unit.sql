select units.*
from records
inner join units using (unit_id)
where records.record_id = $record_id
