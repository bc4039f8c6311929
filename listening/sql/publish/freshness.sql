with brought as (
    select source, said_on as day, landed_at from tagging.tagged_records where kind <> 'checkins'
    union all
    select source, ("at" at time zone $timezone)::date as day, landed_at from records.operations where "at" <= $clock
    union all
    select source, valued_at as day, landed_at from records.customers where valued_at is null or valued_at <= $today::date
    union all
    select source, ("at" at time zone $timezone)::date as day, landed_at from records.outcomes where "at" <= $clock
    union all
    select source, (sent_at at time zone $timezone)::date as day, landed_at from records.invitations where sent_at <= $clock
    union all
    select source, (asked_at at time zone $timezone)::date as day, landed_at from records.checkins where asked_at <= $clock
    union all
    select source, rated_at as day, landed_at from records.internal_ratings where rated_at is null or rated_at <= $today::date
    union all
    select source, null as day, landed_at from records.investment
    union all
    select source, null as day, landed_at from records.actions
),

by_source as (
    select source, count(*) as records, max(day) as last_said_on, max(landed_at) as last_landed_at
    from brought
    group by source
),

checked as (
    select source, count(*) as checks, count(*) filter (where expected <> found) as checks_failed
    from night.source_checks
    group by source
)

select
    states.source, states.kind, states.looked_at, coalesce(states.fresh_at, by_source.last_landed_at) as fresh_at,
    case when states.state = 'ok' and silences.source is not null then 'silent' else states.state end as state,
    coalesce(
        states.problem,
        'Nothing has come since ' || strftime(silences.silent_since - 1, '%-d %B %Y') || ', where about ' || round(silences.missed)::bigint
        || ' were to be expected. See whether it is still exported; its figures stand still meanwhile.'
    ) as problem,
    coalesce(by_source.records, 0) as records, by_source.last_said_on, by_source.last_landed_at,
    coalesce(checked.checks, 0) as checks, coalesce(checked.checks_failed, 0) as checks_failed,
    date_diff('day', by_source.last_said_on, $today::date) as days_silent
from night.source_states as states
left join by_source using (source)
left join checked using (source)
left join warnings.silences as silences using (source)
order by states.source
