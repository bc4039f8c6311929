select
    source, customer_id, stage, asked_at, answered, experience, expectation, memorable, effort, would_recommend, text,
    region, channel, product, brand, segment, "unit", team, landed_at
from records.checkins
where asked_at <= $clock
order by source, customer_id, stage, asked_at
