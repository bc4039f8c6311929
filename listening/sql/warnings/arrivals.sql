-- how many days after they were said or done the last weeks' things arrived; a source's first pull brings history, which tells nothing
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
)

select arrived.source, arrived.day, greatest(date_diff('day', arrived.day, arrived.landed_on), 0) as delay, count(*) as things
from arrived
inner join first_pulls using (source)
where arrived.day > first_pulls.first_on and arrived.day > $today::date - 90 and arrived.landed_on <= $today::date
group by all
order by all
