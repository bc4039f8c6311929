select record_id, coalesce(left(sha256(text), 16), '') as text_hash from records where record_id in (select unnest($ids))
