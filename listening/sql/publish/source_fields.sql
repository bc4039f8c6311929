with seen as (
    select fields.*, pulls.landed_at, max(pulls.landed_at) over (partition by fields.source) as newest
    from landing.fields as fields
    join landing.pulls as pulls using (pull_id)
)

select
    source, field,
    arg_max(filled, landed_at) as filled,
    arg_max(holds, landed_at) as holds,
    count(*) as pulls,
    min(landed_at) as first_landed_at,
    max(landed_at) as last_landed_at,
    max(landed_at) = any_value(newest) as is_in_newest
from seen
group by source, field
order by source, field
