-- how many of a stage's customers with and without a failure answered its surveys: of those invited, or of all where no invitation is known
with answered as (
    select distinct periods.period_kind, periods.period, units.stage, units.customer_id
    from signals.units as units
    inner join story.due_days as periods on units.said_on = periods.day
    where units.kind = 'survey' and units.customer_id is not null
),

invited as (
    select periods.period_kind, periods.period, sent.stage, sent.customer_id, bool_or(sent.answered_id is not null) as has_answered
    from records.invitations as sent
    inner join story.due_days as periods
        on (sent.sent_at at time zone $timezone)::date = periods.day
    where sent.sent_at <= $clock and sent.customer_id is not null
    group by all
),

there as (
    select
        members.period_kind, members.period, members.stage, members.failed,
        invited.customer_id is not null as is_invited,
        answered.customer_id is not null or coalesce(invited.has_answered, false) as has_answered,
        bool_or(invited.customer_id is not null) over (partition by members.period_kind, members.period, members.stage) as knows_invited
    from story.members as members
    inner join story.due as periods using (period_kind, period)
    left join answered using (period_kind, period, stage, customer_id)
    left join invited using (period_kind, period, stage, customer_id)
    where members.cut_by = 'all' and periods.is_told and members.period_kind <> 'month'
)

select
    period_kind, period, 'all' as cut_by, 'all' as cut_value, stage,
    count(*) filter (where failed) as failed,
    count(*) filter (where failed and has_answered) as failed_answered,
    count(*) filter (where not failed) as passed,
    count(*) filter (where not failed and has_answered) as passed_answered
from there
where is_invited or not knows_invited
group by all
having bool_or(has_answered)
order by all
