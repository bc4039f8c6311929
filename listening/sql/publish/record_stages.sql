select record_stages.record_id, record_stages.stage, record_stages.share, record_stages.confidence
from tagging.record_stages as record_stages
semi join tagging.tagged_records as records using (record_id)
order by record_id, stage
