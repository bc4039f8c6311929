select min(day) as first_on, max(day) as last_on
from (
    select min(said_on) as day from records
    where coalesce(role, 'buyer') not in ('employee', 'supplier') and kind <> 'checkins'
    union all
    select max(said_on) as day from records
    where coalesce(role, 'buyer') not in ('employee', 'supplier') and kind <> 'checkins'
    union all
    select min(("at" at time zone $timezone)::date) as day from operations
    union all
    select max(("at" at time zone $timezone)::date) as day from operations
)
