-- whatever is said of a record after all, anywhere, by what tells one state of it from another: the hash of its content, what its
-- tags and sentences were made from, and its sentences' themes; the clock hides what has a later moment
create or replace temporary view parts as
select record_id, said_at, hash(record_id, content_hash, landed_at) as fingerprint
from records.records
where not is_deleted and not is_dropped

union all

select record_id, null as said_at, hash(record_id, text_hash, given, version) as fingerprint from tagging.tags

union all

select record_id, null as said_at, hash(record_id, sentence_no, theme) as fingerprint from tagging.sentence_themes

union all

select record_id, null as said_at, hash(labels) as fingerprint from tagging.labels as labels
