select record_id from records.records where not is_deleted
