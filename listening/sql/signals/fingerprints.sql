-- of the records in buckets that changed
select record_id, (hash(count(*), sum(fingerprint)) >> 1)::bigint as counted_as
from parts
where (said_at is null or said_at <= $clock) and hash(record_id) % 262144 in (from signals.touched_buckets)
group by record_id
