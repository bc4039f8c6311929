-- failures by stage, measure, source and day; all up to $since is one sum
select stage, measure, source, greatest(day, $since::date) as day, sum(failed) as events, sum(passages) as trials
from warnings.passages
where day <= $until and list_contains($stages, stage)
group by all
order by all
