-- ids that have not landed as they are now, and ids that have landed and are no longer there, of one part of all ids
with newest as (
    select
        (cells ->> $id) as native_id,
        arg_max(
            struct_pack(row_version := coalesce((cells ->> $version), ''), is_gone := coalesce((cells ->> $gone), '') = 'true'),
            struct_pack(pull_id := pull_id, row_no := row_no)
        ) as last
    from read_parquet($batches)
    where fault is null and hash((cells ->> $id)) % $parts = $part
    group by native_id
),

landed as (
    select native_id, last.row_version as row_version
    from newest
    where native_id is not null and not last.is_gone
),

there as (
    select native_id, any_value(coalesce(row_version, '')) as row_version
    from landing.compared
    where hash(native_id) % $parts = $part
    group by native_id
)

select coalesce(there.native_id, landed.native_id) as native_id, there.native_id is null as is_gone, landed.native_id is null as is_new
from there
full join landed using (native_id)
where there.native_id is null or landed.native_id is null or there.row_version <> landed.row_version
order by native_id
