-- tickets, chats and calls of named customers by stage ('all' for the whole company) and period, and before how many of them the same customer had been in
-- touch within some days
with contacts as (
    select
        unit_id, stage, said_on,
        lag(said_on) over (partition by customer_id, stage order by said_on, unit_id) as before_here,
        lag(said_on) over (partition by customer_id order by said_on, unit_id) as before_anywhere
    from signals.units
    where kind in ('ticket', 'chat', 'call') and customer_id is not null
),

places as (
    select said_on, stage, before_here as before from contacts where stage is not null
    union all
    select said_on, 'all' as stage, before_anywhere as before from contacts
)

select
    places.stage, periods.period_kind, periods.period,
    count(*) filter (where places.said_on - places.before <= $days::integer) as hits,
    count(*) as denominator
from places
inner join story.periods as periods on places.said_on >= periods.period_start and places.said_on < periods.period_end
where periods.period_kind <> 'month'
group by all
order by all
