-- mentions of trouble by source, stage, theme and day; theme null is the whole stage, each unit once; all up to $since is one sum
select source, stage, theme, greatest(said_on, $since::date) as day, sum(trouble)::double as events
from signals.theme_daily
where cut_by = 'all' and said_on <= $until and list_contains($stages, stage)
group by all
union all
select source, stage, null as theme, greatest(said_on, $since::date) as day, sum(trouble)::double as events
from signals.daily
where cut_by = 'all' and said_on <= $until and list_contains($stages, stage)
group by all
order by all
