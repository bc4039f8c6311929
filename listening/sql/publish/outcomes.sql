select
    source, customer_id, outcome, "at", amount, reason, region, channel, product, brand, segment, "unit", team, landed_at
from records.outcomes
where "at" <= $clock
order by source, customer_id, outcome, "at"
