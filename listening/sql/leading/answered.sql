-- what customers who were asked at random answered, by stage and period
select
    stage, period_kind, period,
    sum(trouble + in_between + great)::bigint as answers, sum(trouble)::bigint as trouble, sum(great)::bigint as great
from story.cells
where cut_by = 'all' and period_kind <> 'month'
group by all
order by all
