select runs.started_at, runs.clock, runs.state, run_counts.*
from run_counts
inner join runs using (run_id)
where run_id in (select run_id from runs order by started_at desc limit 7)
order by runs.started_at desc, run_counts.source
