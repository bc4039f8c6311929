-- whatever is said of a record after all, anywhere, changes the fingerprint of its bucket; what the clock hides is not there
with parts as (
    select record_id, hash(records) as fingerprint
    from records.records as records
    where not is_deleted and not is_dropped and said_at <= $clock

    union all

    select record_id, hash(tags) as fingerprint from tagging.tags as tags

    union all

    select record_id, hash(sentences) as fingerprint from tagging.sentences as sentences

    union all

    select record_id, hash(themed) as fingerprint from tagging.sentence_themes as themed

    union all

    select record_id, hash(labels) as fingerprint from tagging.labels as labels
)

select (hash(record_id) % 262144)::bigint as bucket, hash(count(*), sum(fingerprint))::varchar as fingerprint, $version as version
from parts
group by bucket
