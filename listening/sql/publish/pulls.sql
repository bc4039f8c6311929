select pull_id, source, kind, connector, origin, landed_at, size_bytes, row_count
from landing.pulls
order by pull_id
