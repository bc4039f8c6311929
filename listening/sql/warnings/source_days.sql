-- how much each source brought of each day, and when it first brought anything
select source, said_on as day, sum(units)::double as events, false as is_operations
from signals.daily
where cut_by = 'all' and said_on <= $until
group by source, said_on
union all
select source, day, count(*)::double as events, true as is_operations
from warnings.passages
where day <= $until
group by source, day
order by source, day
