select
    source, customer_id, stage, touchpoint, measure, "at", failed, passed, region, channel, product, brand, segment, "unit",
    team, landed_at
from records.operations
where "at" <= $clock
order by source, customer_id, stage, touchpoint, measure, "at"
