-- how many of each stage's customers are in trouble, and how many met a failure and said nothing, in the last 90 days
with trouble as (
    select stage, value, low, high
    from story.stage_measures
    where measure = 'trouble_of_customers' and period_kind = 'rolling' and cut_by = 'all'
),

silent as (
    select stage, failed_silent
    from story.coverage
    where source = 'all' and period_kind = 'rolling'
)

select stage, trouble.value as trouble_of_customers, trouble.low as trouble_low, trouble.high as trouble_high, silent.failed_silent
from trouble
full join silent using (stage)
order by stage
