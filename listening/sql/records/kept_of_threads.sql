select *
from records.records
where source = $source and thread_id in (select thread_id from records.compared)
