-- passages of every measure before and since a day, by the places of one dimension (one place for all where there is none)
with passages as (
    select
        stage, measure, ("at" at time zone $timezone)::date as day, failed, passed,
        case $cut_by
            when 'region' then region when 'channel' then channel when 'product' then product when 'brand' then brand
            when 'segment' then segment when 'unit' then "unit" when 'team' then team else 'all'
        end as place
    from records.operations
    where "at" <= $clock and stage is not null
)

select
    stage, measure, place,
    coalesce(sum(failed) filter (where day < $started_on::date), 0)::bigint as failed_before,
    coalesce(sum(failed + passed) filter (where day < $started_on::date), 0)::bigint as before,
    coalesce(sum(failed) filter (where day >= $started_on::date), 0)::bigint as failed_after,
    coalesce(sum(failed + passed) filter (where day >= $started_on::date), 0)::bigint as after
from passages
where place is not null and day >= $started_on::date - $days::integer and day < $started_on::date + $days::integer
group by all
order by all
