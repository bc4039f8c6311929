select * from records.records where record_id = $record_id
