-- landed rows that say what was deleted or said otherwise since, and from which no record stands any more;
-- and rows that told of a deletion (`is_telling`), from which none stands alive
with due as (
    select earlier.pull_id, earlier.row_no, records.is_deleted
    from records.earlier as earlier
    join records.records as records using (record_id)
    join landing.pulls as pulls on pulls.pull_id = earlier.pull_id
    where records.source = $source
        -- files keep what they said on the day that they came; a walked system's rows are to follow it
        and (records.is_deleted or (pulls.stream is not null and earlier.text_hash is distinct from records.text_hash))
    union all
    select rejects.pull_id, rejects.row_no, true
    from records.rejects as rejects
    join records.records as records
        on records.native_id in (rejects.native_id, regexp_extract(rejects.native_id, '^[^/]*') || '/*')
    where rejects.source = $source and records.source = $source and records.is_deleted and records.is_swept is not true
),

standing as (
    select pull_id, row_no, bool_and(is_deleted) as is_telling, bool_or(is_deleted and is_swept is not true) as is_due
    from records.records
    where source = $source
    group by pull_id, row_no
)

select pull_id, row_no, bool_or(is_deleted) as is_deleted, false as is_telling
from due
anti join standing using (pull_id, row_no)
group by pull_id, row_no
union all
select pull_id, row_no, true as is_deleted, true as is_telling
from standing
where is_telling and is_due
order by pull_id, row_no
