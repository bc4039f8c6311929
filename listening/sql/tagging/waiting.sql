select
    waiting.record_id, records.text, records.text_hash, records.language, waiting.given_stage, waiting.given_touchpoint, waiting.given
from waiting
inner join records.records as records using (record_id)
where waiting.place >= $start and waiting.place < $stop
order by waiting.place
