-- some of the records that wait; found by where they stand, since by their ids the whole table would be read for each few thousand
select
    waiting.record_id, records.text, records.text_hash, records.language, waiting.given_stage, waiting.given_touchpoint, waiting.given
from waiting
inner join records.records as records on records.rowid = waiting."at"
where waiting.place >= $start and waiting.place < $stop
order by waiting.place
