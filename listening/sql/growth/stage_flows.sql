-- customers gained and lost, at the stages in which they were within 90 days of it
with moves as (
    select customer_id, 'gained' as movement, since as day, since + 90 as last_day from growth.lives where since is not null
    union all
    select customer_id, 'lost' as movement, left_on as day, left_on as last_day from growth.lives where left_on is not null
),

located as (
    select
        moves.customer_id, moves.movement, moves.day, coalesce(operations.stage, $stages[list_position($touchpoints, operations.touchpoint)]) as stage,
        operations.region, operations.channel, operations.product, operations.brand, operations.segment, operations."unit", operations.team
    from moves
    inner join records.operations as operations using (customer_id)
    where operations."at" <= $clock
        and ("at" at time zone $timezone)::date >= moves.day - 90 and ("at" at time zone $timezone)::date <= moves.last_day
),

cuts as (
    select distinct customer_id, movement, day, stage, 'all' as cut_by, 'all' as cut_value
    from located

    union

    select distinct customer_id, movement, day, stage, cut_by, cut_value
    from (unpivot located on region, channel, product, brand, segment, "unit", team into name cut_by value cut_value)
)

select
    cuts.stage, periods.period_kind, periods.period, cuts.cut_by, cuts.cut_value,
    count(*) filter (where movement = 'gained') as gained,
    count(*) filter (where movement = 'lost') as lost,
    sum(lives.value) filter (where movement = 'gained') as value_gained,
    sum(lives.value) filter (where movement = 'lost') as value_lost
from cuts
inner join growth.lives as lives using (customer_id)
inner join story.periods as periods on cuts.day >= periods.period_start and cuts.day < periods.period_end
where cuts.stage is not null
group by all
order by all
