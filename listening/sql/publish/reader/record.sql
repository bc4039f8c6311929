select * from records where record_id = $record_id or native_id = $record_id order by record_id
