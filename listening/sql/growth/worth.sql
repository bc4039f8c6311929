-- what each customer is worth a year, and from when; margin where it is known, else revenue; the first known value holds for the time before, too
with valued as (
    select customer_id, coalesce(valued_at, since) as valid_from, value, value_basis, source
    from records.customers
    where value is not null and (valued_at is null or valued_at <= $today::date)
    qualify value_basis is not distinct from 'margin' or not bool_or(value_basis is not distinct from 'margin') over (partition by customer_id)
),

versions as (
    select *
    from valued
    qualify row_number() over (partition by customer_id, valid_from order by source) = 1
)

select
    customer_id,
    if(row_number() over (partition by customer_id order by valid_from nulls first) = 1, date '0001-01-01', valid_from) as valid_from,
    value, value_basis
from versions
