insert into signals.touched_units
select unit_id from signals.members where record_id in (from signals.touched_records)
except
from signals.touched_units
