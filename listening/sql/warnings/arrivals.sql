-- how many days after they could first have been seen the last weeks' things arrived, by the day of that first look: a night that was missed
-- makes nothing late; a source's first pull brings history, which tells nothing
with arrived as (
    select source, said_on as day, (landed_at at time zone $timezone)::date as landed_on
    from tagging.tagged_records
    where role not in ('employee', 'supplier') and kind <> 'checkins'
    union all
    select source, day, (landed_at at time zone $timezone)::date as landed_on
    from warnings.passages
),

first_pulls as (
    select source, min(landed_on) as first_on
    from arrived
    group by source
),

looks as (
    select distinct landed_on as look
    from arrived
),

days as (
    select day, min(look) as looked_on
    from (select distinct day from arrived where day > $today::date - 90)
    inner join looks on look >= day
    group by day
)

select arrived.source, days.looked_on as day, date_diff('day', days.looked_on, arrived.landed_on) as delay, count(*) as things
from arrived
inner join first_pulls using (source)
inner join days using (day)
where arrived.day > first_pulls.first_on and arrived.landed_on <= $today::date and arrived.landed_on >= days.looked_on
group by all
order by all
