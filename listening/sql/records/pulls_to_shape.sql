-- pulls of a source that were never shaped, were shaped under other settings, or hold rows from a future that has come
with shaped as (
    select pull_id, fingerprint, again_at
    from records.shaped_pulls
    where source = $source
),

is_stale as (
    select coalesce(bool_or(fingerprint <> $fingerprint), false) as is_stale
    from shaped
),

newest as (
    select origin, max(landed_at) as landed_at
    from landing.pulls
    where source = $source
    group by origin
)

select
    pulls.pull_id, pulls.connector, pulls.origin, pulls.landed_at, pulls.batches, pulls.row_count,
    is_stale.is_stale, pulls.stream is null and pulls.landed_at < newest.landed_at as is_replaced, shaped.pull_id is not null as was_shaped
from landing.pulls as pulls
cross join is_stale
join newest using (origin)
left join shaped using (pull_id)
where pulls.source = $source
    and (is_stale.is_stale or shaped.pull_id is null or shaped.again_at <= $clock)
order by pulls.landed_at, pulls.pull_id
