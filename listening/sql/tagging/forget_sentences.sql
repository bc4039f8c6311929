delete from tagging.sentences
where record_id not in (select record_id from records.records where not is_deleted)
    or record_id in (select record_id from waiting)
