insert into signals.touched_days
(
    select source, said_on from tagging.tagged_records where record_id in (from signals.touched_records)
    union
    select source, said_on from signals.units where unit_id in (from signals.touched_units)
)
except
from signals.touched_days
