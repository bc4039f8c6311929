-- who spoke in each source, and in any ('all'), of the customers who were there
with spoke as (
    select periods.period_kind, periods.period, units.stage, units.source, units.kind, units.customer_id, coalesce(units.customer_id, units.unit_id) as speaker
    from signals.units as units
    inner join story.due_days as periods on units.said_on = periods.day
    where periods.is_told and units.stage is not null and units.stage <> 'none'
),

-- a stage's invitations are to the survey that most of its answers come from
invitations as (
    select
        periods.period_kind, periods.period, sent.stage, survey_of.source, coalesce(sent.customer_id, sent.fact_id) as invited,
        bool_or(sent.answered_id is not null) as has_answered
    from records.invitations as sent
    inner join story.due_days as periods
        on (sent.sent_at at time zone $timezone)::date = periods.day
    left join story.surveys as survey_of using (stage)
    where periods.is_told and sent.sent_at <= $clock and sent.stage is not null
    group by all
),

invited as (
    select
        invitations.period_kind, invitations.period, invitations.stage, coalesce(invitations.source, 'all') as source,
        count(*) as invited,
        avg((invitations.has_answered or spoke.speaker is not null)::integer) as response
    from invitations
    left join (select distinct period_kind, period, stage, source, speaker from spoke) as spoke
        on invitations.period_kind = spoke.period_kind and invitations.period = spoke.period and invitations.stage = spoke.stage
            and invitations.source = spoke.source and invitations.invited = spoke.speaker
    group by all
),

voices as (
    select distinct period_kind, period, stage, source, customer_id, speaker from spoke
    union
    select distinct period_kind, period, stage, 'all' as source, customer_id, speaker from spoke
),

heard as (
    select
        voices.period_kind, voices.period, voices.stage, voices.source,
        count(*) as heard,
        count(*) filter (where not members.failed) as passed_heard,
        count(*) filter (where members.failed) as failed_heard
    from voices
    left join story.members as members
        on voices.period_kind = members.period_kind and voices.period = members.period and voices.stage = members.stage
            and voices.customer_id = members.customer_id and members.cut_by = 'all'
    group by all
),

there as (
    select
        customers.period_kind, customers.period, customers.stage, customers.customers, customers.is_named,
        count(members.customer_id) filter (where members.failed) as failed
    from (from story.customers semi join story.due using (period_kind, period) where cut_by = 'all') as customers
    left join story.members as members using (period_kind, period, cut_by, cut_value, stage)
    group by all
),

places as (
    select period_kind, period, stage, source from heard
    union
    select period_kind, period, stage, source from invited
    union
    select period_kind, period, stage, 'all' as source from there
)

select
    places.stage, periods.period_kind, periods.period, periods.period_start, periods.period_end, periods.is_over, places.source,
    there.customers, invited.invited, invited.response,
    coalesce(heard.heard, 0) as heard,
    case when there.is_named then coalesce(heard.passed_heard, 0) end as passed_heard,
    case when there.is_named then there.customers - there.failed - coalesce(heard.passed_heard, 0) end as passed_silent,
    case when there.is_named then coalesce(heard.failed_heard, 0) end as failed_heard,
    case when there.is_named then there.failed - coalesce(heard.failed_heard, 0) end as failed_silent
from places
inner join story.due as periods using (period_kind, period)
left join there using (period_kind, period, stage)
left join heard using (period_kind, period, stage, source)
left join invited using (period_kind, period, stage, source)
where list_contains($names, places.stage) and periods.is_told
order by all
