select * from records where record_id = $record_id
