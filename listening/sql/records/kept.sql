select record_id, content_hash, updated_at, landed_at, is_deleted, is_dropped
from records.records
semi join records.asked using (record_id)
