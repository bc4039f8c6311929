-- ids that have not landed as they are now, and ids that have landed and are no longer there
with newest as (
    select
        (cells ->> $id) as native_id,
        arg_max(coalesce((cells ->> $version), ''), struct_pack(pull_id := pull_id, row_no := row_no)) as row_version,
        arg_max(coalesce((cells ->> $gone), ''), struct_pack(pull_id := pull_id, row_no := row_no)) = 'true' as is_gone
    from read_parquet($batches)
    where fault is null
    group by native_id
),

landed as (
    select native_id, row_version
    from newest
    where native_id is not null and not is_gone
),

there as (
    select native_id, any_value(coalesce(row_version, '')) as row_version
    from landing.compared
    group by native_id
)

select coalesce(there.native_id, landed.native_id) as native_id, there.native_id is null as is_gone, (select count(*) from landed) as known
from there
full join landed using (native_id)
where there.native_id is null or landed.native_id is null or there.row_version <> landed.row_version
order by native_id
