select (hash(record_id) % 262144)::bigint as bucket, hash(count(*), sum(fingerprint))::varchar as fingerprint, $version as version
from parts
where said_at is null or said_at <= $clock
group by bucket
