select
    source, customer_id, account_id, since, left_at, value, value_basis, cost_to_serve, coalesce(valued_at, since) as
    valid_from, lead(coalesce(valued_at, since)) over (partition by source, customer_id order by coalesce(valued_at, since)) as valid_to,
    region, channel, product, brand, segment, "unit", team, landed_at
from records.customers
where (valued_at is null or valued_at <= $today::date)
order by source, customer_id, valid_from
