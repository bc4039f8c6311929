-- clear words of trouble about the stage (and theme) in the warning's place and time; of customers whose passage failed first, then the newest
with failed as (
    select distinct customer_id
    from warnings.passages
    where failed > 0 and stage = $stage and measure = $measure and day >= $began_on and day <= $until
),

voices as (
    select *, coalesce(customer_id in (from failed), false) as is_failed
    from warnings.troubled
    where stage = $stage and said_on >= $began_on and said_on <= $until
        and ($theme is null or theme = $theme)
        and ($measure is not null or list_contains($sources, source))
        and (
            $cut_by = 'all'
            or $cut_value = case $cut_by
                when 'region' then region when 'channel' then channel when 'product' then product when 'brand' then brand when 'segment' then segment
                when 'unit' then "unit" when 'team' then team else own_dimensions ->> $cut_by
            end
        )
    qualify row_number() over (partition by voice order by said_on desc, sentiment, record_id, text) = 1
)

select row_number() over (order by is_failed desc, said_on desc, sentiment, record_id)::bigint as rank, record_id, source, said_on, text
from voices
order by rank
limit 3
