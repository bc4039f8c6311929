select record_id from records.records where source = $source and not is_deleted
