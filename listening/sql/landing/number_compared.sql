-- how many ids a source has now, each counted once
select count(distinct native_id) as ids
from landing.compared
