delete from "leading".read_records
where record_id not in (select record_id from tagging.tagged_records where text is not null)
    or record_id in (select record_id from unread)
