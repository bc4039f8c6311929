-- the last nights on which anything came
select distinct landed_on
from (
    select (landed_at at time zone $timezone)::date as landed_on from tagging.tagged_records
    union all
    select (landed_at at time zone $timezone)::date as landed_on from warnings.passages
)
where landed_on > $today::date - 90 and landed_on <= $today::date
order by landed_on
