-- sentences of records that were tagged since themes were last given
create or replace temp table uncompared as
select record_id, sentence_no, stage, confidence, "at", row_number() over (order by "at") - 1 as place
from staged_sentences
where is_themed is null
