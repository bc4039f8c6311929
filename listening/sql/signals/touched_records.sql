select record_id
from signals.fingerprints as fingerprints
full join (from tagging.tagged_records where hash(record_id) % 262144 in (from signals.touched_buckets)) as counted using (record_id)
where fingerprints.counted_as is distinct from counted.counted_as
