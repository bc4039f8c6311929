select
    source, customer_id, stage, sent_at, answered_id, region, channel, product, brand, segment, "unit", team, landed_at
from records.invitations
where sent_at <= $clock
order by source, customer_id, stage, sent_at
