select pulls.*
from records
inner join pulls using (pull_id)
where records.record_id = $record_id
