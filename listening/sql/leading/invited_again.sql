-- invitations of the period to customers who had answered one before, by stage ('all' for the whole company), and how many of these they left unanswered
with sent as (
    select
        coalesce(stage, 'none') as stage, customer_id, (sent_at at time zone $timezone)::date as day, answered_id is not null as is_answered
    from records.invitations
    where sent_at <= $clock and customer_id is not null
),

again as (
    select now.stage, now.day, now.is_answered
    from sent as now
    semi join sent as earlier
        on now.customer_id = earlier.customer_id and earlier.is_answered and earlier.day < now.day and earlier.day >= now.day - $days::integer
),

placed as (
    select * from again
    union all
    select 'all' as stage, day, is_answered from again
)

select
    placed.stage, periods.period_kind, periods.period, count(*) filter (where not placed.is_answered) as hits, count(*) as denominator
from placed
inner join story.periods as periods on placed.day >= periods.period_start and placed.day < periods.period_end
where periods.period_kind <> 'month'
group by all
order by all
