-- customers of a stage by place, and how many of them met a failure
select
    period_kind, period, stage, cut_by, cut_value,
    sum(customers)::bigint as customers,
    coalesce(sum(customers) filter (where failed), 0)::bigint as failed
from story.cells
where failed is not null and period_kind <> 'month' and cut_by <> 'all'
group by all
having sum(customers) >= $least
order by all
