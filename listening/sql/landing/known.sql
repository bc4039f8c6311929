select pull_id, origin, fingerprint, landed_at, batches
from landing.pulls
where source = $source
order by landed_at, pull_id
