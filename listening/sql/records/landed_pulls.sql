select pull_id, origin, landed_at, batches, row_count from landing.pulls where source = $source order by landed_at, pull_id
