-- whom a warning is about: who failed its measure, or spoke of its theme as trouble, within its place and time; with their yearly value
with affected as (
    select customer_id, touchpoint
    from warnings.passages
    where $measure is not null and failed > 0 and stage = $stage and measure = $measure and list_contains($sources, source)
        and day >= $began_on and day <= $until
        and (
            $cut_by = 'all'
            or $cut_value = case $cut_by
                when 'region' then region when 'channel' then channel when 'product' then product when 'brand' then brand when 'segment' then segment
                when 'unit' then "unit" when 'team' then team
            end
        )

    union all

    select customer_id, touchpoint
    from signals.units
    where $measure is null and list_contains($sources, source) and said_on >= $began_on and said_on <= $until
        and (
            unit_id in (select unit_id from signals.theme_mentions where stage = $stage and theme = $theme and stance = 'trouble')
            or ($theme is null and stage = $stage and stance = 'trouble')
        )
        and (
            $cut_by = 'all'
            or $cut_value = case $cut_by
                when 'region' then region when 'channel' then channel when 'product' then product when 'brand' then brand when 'segment' then segment
                when 'unit' then "unit" when 'team' then team else own_dimensions ->> $cut_by
            end
        )
),

worth as (
    select customer_id, value, value_basis
    from records.customers
    where coalesce(valued_at, since, $until::date) <= $until::date and value is not null
    qualify row_number() over (partition by customer_id order by coalesce(valued_at, since) desc nulls last, fact_id) = 1
),

customers as (
    select distinct customer_id
    from affected
    where customer_id is not null
)

select
    nullif(count(*), 0) as customers, sum(worth.value) as value, max(worth.value_basis) as value_basis, count(worth.value) as valued,
    (select mode(touchpoint) from affected) as touchpoint
from customers
left join worth using (customer_id)
