select labels.*
from tagging.labels as labels
semi join tagging.tagged_records as records using (record_id)
order by record_id, "start", "stop", labeller, tag
