select distinct said_on, (select coalesce(max(counted_in), 0) + 1 from signals.days) as counted_in
from signals.touched_days
