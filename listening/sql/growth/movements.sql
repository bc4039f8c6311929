-- customers and their yearly value by movement, period and cut; the value of who grew or shrank is the difference
with spans as (
    select period_kind, period, period_start, period_end
    from story.periods
    where period_kind <> 'rolling' or period = 'last 90 days'
),

during as (
    select spans.*, lives.customer_id, lives.since, lives.left_on, lives.first_seen
    from spans
    inner join growth.lives as lives
        on (lives.first_seen is null or lives.first_seen < spans.period_end) and (lives.left_on is null or lives.left_on >= spans.period_start)
    where lives.is_listed
),

staying as (
    select * from during where left_on is null or left_on >= period_end
),

kept as (
    select staying.period_kind, staying.period, staying.period_start, staying.customer_id, staying.first_seen, worth.value
    from staying
    asof left join growth.worth as worth on staying.customer_id = worth.customer_id and staying.period_end > worth.valid_from
),

moved as (
    select kept.period_kind, kept.period, kept.customer_id, kept.value - worth.value as change
    from kept
    asof left join growth.worth as worth on kept.customer_id = worth.customer_id and kept.period_start > worth.valid_from
    where kept.first_seen < kept.period_start
),

bought_less as (
    select spans.period_kind, spans.period, sold.customer_id, -sum(sold.amount) as change
    from records.outcomes as sold
    inner join spans on (sold."at" at time zone $timezone)::date >= spans.period_start and (sold."at" at time zone $timezone)::date < spans.period_end
    where sold.outcome = 'bought_less' and sold."at" <= $clock
    group by all
),

in_a_stage as (
    select distinct spans.period_kind, spans.period, troubles.customer_id
    from growth.troubles as troubles
    inner join spans on troubles.day >= spans.period_start and troubles.day < spans.period_end
    where troubles.told_by = 'operations' and spans.period_kind <> 'month'
),

lost as (
    select spans.period_kind, spans.period, lives.customer_id, lives.left_on, lives.value
    from growth.lives as lives
    inner join spans on lives.left_on >= spans.period_start and lives.left_on < spans.period_end
),

failed as (
    select distinct lost.period_kind, lost.period, lost.customer_id
    from lost
    inner join growth.troubles as troubles
        on lost.customer_id = troubles.customer_id and troubles.day >= lost.left_on - $days::integer and troubles.day < lost.left_on
    where troubles.told_by = 'operations' and troubles.is_met and troubles.stage is distinct from $leaving
),

spoke as (
    select distinct lost.period_kind, lost.period, lost.customer_id
    from lost
    inner join signals.units as units
        on lost.customer_id = units.customer_id and units.said_on >= lost.left_on - $days::integer and units.said_on <= lost.left_on
),

movements as (
    select period_kind, period, customer_id, 'active' as movement, value from kept
    union all
    select joined.period_kind, joined.period, joined.customer_id, 'gained' as movement, worth.value
    from (select * from during where since >= period_start) as joined
    asof left join growth.worth as worth on joined.customer_id = worth.customer_id and joined.since >= worth.valid_from
    union all
    select period_kind, period, customer_id, 'lost' as movement, value from lost
    union all
    select period_kind, period, customer_id, 'lost after a failure' as movement, value from lost semi join failed using (period_kind, period, customer_id)
    union all
    select period_kind, period, customer_id, 'lost in silence after a failure' as movement, value
    from lost
    semi join failed using (period_kind, period, customer_id)
    anti join spoke using (period_kind, period, customer_id)
    union all
    select period_kind, period, customer_id, if(change > 0, 'grown', 'shrunk') as movement, change as value from moved where change <> 0
    union all
    select period_kind, period, customer_id, 'shrunk' as movement, change as value from bought_less anti join growth.worth using (customer_id)
    union all
    select kept.period_kind, kept.period, kept.customer_id, 'quiet' as movement, kept.value
    from kept
    anti join in_a_stage using (period_kind, period, customer_id)
    where kept.period_kind <> 'month' and kept.first_seen < kept.period_start
)

select
    period_kind, period, movement,
    case
        when grouping(region) = 0 then 'region' when grouping(channel) = 0 then 'channel' when grouping(product) = 0 then 'product'
        when grouping(brand) = 0 then 'brand' when grouping(segment) = 0 then 'segment' when grouping("unit") = 0 then 'unit'
        when grouping(team) = 0 then 'team' when grouping(joined) = 0 then 'joined' else 'all'
    end as cut_by,
    if(cut_by = 'all', 'all', coalesce(region, channel, product, brand, segment, "unit", team, joined)) as cut_value,
    count(*) as customers, count(movements.value) as valued, sum(movements.value) as value,
    count(movements.value) filter (where lives.value_basis = 'margin') as in_margin,
    count(movements.value) filter (where lives.value_basis = 'revenue') as in_revenue
from movements
inner join growth.lives as lives using (customer_id)
group by grouping sets (
    (period_kind, period, movement), (period_kind, period, movement, region), (period_kind, period, movement, channel),
    (period_kind, period, movement, product), (period_kind, period, movement, brand), (period_kind, period, movement, segment),
    (period_kind, period, movement, "unit"), (period_kind, period, movement, team), (period_kind, period, movement, joined)
)
having cut_value is not null
order by all
