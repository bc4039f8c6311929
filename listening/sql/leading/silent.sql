-- customers for whom all went well, or something failed, by stage ('all' for the whole company) and period, and how many of them said nothing: of the
-- stage, or of anything
with there as (
    select * from "leading".present
    union all
    select period_kind, period, 'all' as stage, customer_id, bool_or(failed) as failed
    from "leading".present
    group by period_kind, period, customer_id
),

spoke as (
    select distinct periods.period_kind, periods.period, unnest([units.stage, 'all']) as stage, units.customer_id
    from signals.units as units
    inner join story.periods as periods on units.said_on >= periods.period_start and units.said_on < periods.period_end
    where units.customer_id is not null and periods.period_kind <> 'month'
)

select
    there.stage, there.period_kind, there.period,
    count(*) filter (where there.failed) as failed,
    count(*) filter (where there.failed and spoke.customer_id is null) as failed_silent,
    count(*) filter (where not there.failed) as passed,
    count(*) filter (where not there.failed and spoke.customer_id is null) as passed_silent
from there
left join spoke using (period_kind, period, stage, customer_id)
group by all
order by all
