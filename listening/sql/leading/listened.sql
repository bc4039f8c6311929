-- how the company listens to each stage: survey answers and sources heard, by quarter
select
    stage, period,
    coalesce(sum(units) filter (where kind = 'survey'), 0)::bigint as survey_answers,
    count(distinct source) filter (where units >= $least) as sources
from story.stage_counts
where period_kind = 'quarter' and cut_by = 'all' and stage is not null
group by all
order by all
