select bucket
from signals.buckets as buckets
full join signals.counted as counted using (bucket)
where buckets.fingerprint is distinct from counted.fingerprint
