-- each check-in with the cell of its customer
with checkins as (
    select *, (asked_at at time zone $timezone)::date as day
    from records.checkins
    where asked_at <= $clock and stage is not null
),

placed as (
    select periods.period_kind, periods.period, checkins.*
    from checkins
    inner join story.due_days as periods on checkins.day = periods.day
    where periods.period_kind <> 'month'
),

cuts as (
    select period_kind, period, fact_id, 'all' as cut_by, 'all' as cut_value
    from placed

    union

    select period_kind, period, fact_id, cut_by, cut_value
    from (unpivot placed on region, channel, product, brand, segment, "unit", team into name cut_by value cut_value)

    union

    select placed.period_kind, placed.period, placed.fact_id, members.cut_by, members.cut_value
    from placed
    inner join story.members as members using (period_kind, period, stage, customer_id)
)

select
    placed.period_kind, placed.period, cuts.cut_by, cuts.cut_value, placed.stage, placed.source, placed.customer_id, members.failed, members.had_ticket,
    placed.answered,
    case when placed.answered = 1 then placed.experience end as experience,
    case when placed.answered = 1 then placed.expectation end as expectation,
    case when placed.answered = 1 then placed.memorable end as memorable,
    case when placed.answered = 1 then placed.effort end as effort,
    case when placed.answered = 1 then placed.would_recommend end as would_recommend,
    placed.fact_id
from placed
inner join cuts using (period_kind, period, fact_id)
left join story.members as members using (period_kind, period, cut_by, cut_value, stage, customer_id)
