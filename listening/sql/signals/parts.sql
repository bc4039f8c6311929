-- whatever is said of a record after all, anywhere; the clock hides what has a later moment
create or replace temporary view parts as
select record_id, said_at, hash(records) as fingerprint
from records.records as records
where not is_deleted and not is_dropped

union all

select record_id, null as said_at, hash(tags) as fingerprint from tagging.tags as tags

union all

select record_id, null as said_at, hash(sentences) as fingerprint from tagging.sentences as sentences

union all

select record_id, null as said_at, hash(themed) as fingerprint from tagging.sentence_themes as themed

union all

select record_id, null as said_at, hash(labels) as fingerprint from tagging.labels as labels
