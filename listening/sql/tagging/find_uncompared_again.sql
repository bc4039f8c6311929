-- and of all other records the sentences of some stages from which their themes were taken away
insert into uncompared
select
    staged.record_id, staged.sentence_no, staged.stage, staged.confidence, staged."at",
    (select count(*) from uncompared) + row_number() over (order by staged."at") - 1 as place
from staged_sentences as staged
anti join tagging.sentence_themes as themed using (record_id, sentence_no)
where staged.is_themed and staged.stage in (select unnest($stages))
