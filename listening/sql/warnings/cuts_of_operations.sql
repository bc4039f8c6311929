with chosen as (
    select * from warnings.passages
    where stage = $stage and measure = $measure and list_contains($sources, source) and day >= $before and day <= $until
),

cuts as (
    select day, failed, passages, 'all' as cut_by, 'all' as cut_value
    from chosen

    union all

    select day, failed, passages, cut_by, cut_value
    from (unpivot chosen on region, channel, product, brand, segment, "unit", team into name cut_by value cut_value)
)

select
    cut_by, cut_value,
    coalesce(sum(failed) filter (where day >= $began_on), 0) as events, coalesce(sum(failed) filter (where day < $began_on), 0) as events_before,
    coalesce(sum(passages) filter (where day >= $began_on), 0) as trials, coalesce(sum(passages) filter (where day < $began_on), 0) as trials_before
from cuts
group by cut_by, cut_value
order by cut_by, cut_value
