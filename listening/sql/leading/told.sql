-- actions as sources tell of them
select
    fact_id, source, id, what, kind, stage, touchpoint, owner, because_of, started_on, due_on, closed_on, measure, expected, note,
    region, channel, product, brand, segment, "unit", team
from records.actions
where started_on is null or started_on <= $today::date or due_on is not null
order by started_on nulls last, fact_id
