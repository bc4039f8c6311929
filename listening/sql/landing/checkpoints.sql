select stream, checkpoint
from landing.pulls
where source = $source and connector = $connector and checkpoint is not null
qualify row_number() over (partition by stream order by landed_at desc, pull_id desc) = 1
