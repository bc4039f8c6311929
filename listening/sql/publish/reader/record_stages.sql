select stage, share, confidence from record_stages where record_id = $record_id order by share desc
