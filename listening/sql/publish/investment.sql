select
    source, stage, period, amount, region, channel, product, brand, segment, "unit", team, landed_at
from records.investment
order by source, stage, period
