-- labels of stages with their words; random ones of their source's last 90 days examine the classifier, so it does not learn from them
with last_days as (
    select source, max(said_on) as last_day from records.records where not is_deleted group by source
)

select
    labels.record_id,
    case when labels."start" is null then records.text else substring(records.text, labels."start" + 1, labels."stop" - labels."start") end as text,
    labels.class as stage,
    labels.draw = 'random' and labels.unit = 'record' and records.said_on > last_days.last_day - 90 as examines
from tagging.labels as labels
inner join records.records as records using (record_id)
inner join last_days using (source)
where labels.counts and labels.tag = 'stage' and records.text is not null and not records.is_deleted
order by labels.record_id, labels."start", labels."stop"
