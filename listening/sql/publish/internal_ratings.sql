select
    fact_id, source, stage, rated_at, role, great_share, rating, region, channel, product, brand, segment, "unit", team,
    landed_at
from records.internal_ratings
where rated_at <= $today::date
order by fact_id
