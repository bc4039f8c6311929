select field, filled, holds
from landing.fields
where pull_id = (
    select pulls.pull_id
    from landing.pulls as pulls
    where pulls.source = $source and pulls.pull_id <> $pull_id and coalesce(pulls.stream, '') = $stream
        and exists (select 1 from landing.fields as fields where fields.pull_id = pulls.pull_id)
    order by pulls.landed_at desc, pulls.pull_id desc
    limit 1
)
