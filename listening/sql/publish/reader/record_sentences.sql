select * from sentences where record_id = $record_id order by sentence_no
