-- surveys' answers by stage and day, scores placed from 0 (worst) to 1 (best)
select
    stage, said_on as day, count(*)::double as answers, sum((score - score_worst) / (score_best - score_worst)) as total,
    sum(((score - score_worst) / (score_best - score_worst)) ** 2) as squares
from records
where kind = 'survey' and score is not null and score_worst <> score_best and stage is not null and stage <> 'none' and coalesce(role, 'buyer') not in ('employee', 'supplier')
group by stage, said_on
order by stage, said_on
