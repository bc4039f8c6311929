select record_id, text_hash, length(text) as length from records.records where not is_deleted and record_id in (select unnest($ids))
