select record_id, text_hash, length(text) as length from records.records where not is_deleted and list_contains($ids, record_id)
