with said as (
    select source, count(*) as records, max(said_on) as last_said_on, max(landed_at) as last_landed_at
    from tagging.tagged_records
    group by source
)

select
    states.source, states.kind, states.looked_at, states.state, states.problem,
    coalesce(said.records, 0) as records, said.last_said_on, said.last_landed_at,
    date_diff('day', said.last_said_on, $today::date) as days_silent
from night.source_states as states
left join said using (source)
order by states.source
