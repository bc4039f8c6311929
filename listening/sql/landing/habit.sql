-- by stream, how many rows each of the last nights brought that brought any; the night at $clock apart
with nights as (
    select stream, landed_at, sum(row_count) as row_count
    from landing.pulls
    where source = $source and stream is not null and row_count > 0
    group by stream, landed_at
)

select
    stream,
    count(*) filter (where landed_at < $clock) as nights,
    quantile_cont(row_count, 0.25) filter (where landed_at < $clock and landed_at >= $clock - interval 28 days) as usual,
    coalesce(sum(row_count) filter (where landed_at >= $clock), 0)::bigint as tonight
from nights
group by stream
having count(*) filter (where landed_at < $clock and landed_at >= $clock - interval 28 days) >= $least
order by stream
