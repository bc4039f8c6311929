select record_id, text from records.records where not is_deleted and text is not null
