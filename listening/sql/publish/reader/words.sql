select record_id, source, said_on, text, stage_guess, stage_confidence from records where record_id in (select unnest($ids))
