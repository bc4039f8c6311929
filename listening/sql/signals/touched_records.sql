select record_id
from records.records
where hash(record_id) % 262144 in (from signals.touched_buckets)

union

select record_id
from tagging.tagged_records
where hash(record_id) % 262144 in (from signals.touched_buckets)
