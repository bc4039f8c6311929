-- some of the sentences to compare; their texts are found by where they stand, since by their ids the whole table would be read for each few thousand
select uncompared.record_id, uncompared.sentence_no, uncompared.stage, uncompared.confidence, sentences.text
from uncompared
inner join tagging.sentences as sentences on sentences.rowid = uncompared."at"
where uncompared.place >= $start and uncompared.place < $stop
order by uncompared.place
