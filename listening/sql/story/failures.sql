-- what each source of operations says of a stage: customers, or passages where nobody is named, and how many met a failure
with passages as (
    from story.passages where period_kind <> 'month'
),

cuts as (
    select period_kind, period, stage, source, customer_id, failed, volume, 'all' as cut_by, 'all' as cut_value
    from passages

    union all

    select period_kind, period, stage, source, customer_id, failed, volume, cut_by, cut_value
    from (unpivot passages on region, channel, product, brand, segment, "unit", team into name cut_by value cut_value)
),

counted as (
    select
        period_kind, period, cut_by, cut_value, stage, source,
        count(distinct customer_id) as customers,
        count(distinct customer_id) filter (where failed > 0) as failed_customers,
        coalesce(sum(volume) filter (where customer_id is null), 0)::bigint as passages,
        coalesce(sum(failed) filter (where customer_id is null), 0)::bigint as failed_passages
    from cuts
    group by all
)

select
    period_kind, period, cut_by, cut_value, stage, source,
    case when customers > 0 then customers else passages end as passed_through,
    case when customers > 0 then failed_customers else failed_passages end as failed
from counted
order by all
