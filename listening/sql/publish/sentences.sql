select record_id, sentence_no, "start", "stop", text, stage, stage_guess, stage_confidence, sentiment, touchpoint
from tagging.sentences
semi join tagging.tagged_records using (record_id)
order by record_id, sentence_no
