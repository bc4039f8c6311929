-- labels of stages with the words that were labelled
select
    labels.record_id,
    case when labels."start" is null then records.text else substring(records.text, labels."start" + 1, labels."stop" - labels."start") end as text,
    labels.class as stage,
    labels.unit = 'record' as is_whole
from tagging.labels as labels
inner join records.records as records using (record_id)
where labels.counts and labels.tag = 'stage' and records.text is not null and not records.is_deleted
order by labels.record_id, labels."start", labels."stop"
