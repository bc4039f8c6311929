-- what was read of effort and moments in feedback, by stage and period, all windows among them
select
    stage, period_kind, period,
    sum(laborious)::bigint as laborious, sum(easy)::bigint as easy, sum(worded)::bigint as worded, sum(memorable_good)::bigint as memorable_good
from story.stage_counts
where cut_by = 'all' and stage is not null and period_kind <> 'month'
group by all
order by all
