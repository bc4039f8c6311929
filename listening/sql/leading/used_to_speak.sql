-- customers all through a period who had spoken on several days in the time before it, and what they said in it
with spans as (
    select period_kind, period, period_start, period_end
    from story.periods
    where period_kind <> 'month' and (is_over or period_kind = 'rolling')
        and period_start - $days::integer >= (select min(said_on) from signals.units)
),

spoke as (
    select
        spans.period_kind, spans.period, spans.period_end, units.customer_id,
        count(distinct units.said_on) filter (where units.said_on < spans.period_start) as days,
        max(units.said_on) filter (where units.said_on < spans.period_start) as last_on,
        arg_max(units.stage, units.said_on) filter (where units.said_on < spans.period_start) as stage,
        count(*) filter (where units.said_on >= spans.period_start) as said
    from spans
    inner join signals.units as units on units.said_on >= spans.period_start - $days::integer and units.said_on < spans.period_end
    where units.customer_id is not null
    group by all
)

select spoke.period_kind, spoke.period, spoke.customer_id, spoke.days, spoke.last_on, spoke.stage, spoke.said, lives.value
from spoke
left join growth.lives as lives using (customer_id)
where spoke.days >= $least and (lives.left_on is null or lives.left_on >= spoke.period_end)
order by all
