select record_id, thread_id, content_hash, text_hash, updated_at, landed_at, is_deleted, is_dropped, is_swept, pull_id, row_no
from records.records
where source = $source and record_id in (select record_id from records.compared)
