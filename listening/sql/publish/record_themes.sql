with said as (
    select
        themed.record_id, themed.stage, coalesce(themed.theme, 'other') as theme, themed.confidence,
        sentences."stop" - sentences."start" as length
    from tagging.sentence_themes as themed
    inner join tagging.sentences as sentences using (record_id, sentence_no)
    semi join tagging.tagged_records as records using (record_id)
)

select
    record_id,
    stage,
    theme,
    sum(length) / sum(sum(length)) over (partition by record_id) as share,
    sum(confidence * length) / sum(length) as confidence
from said
group by record_id, stage, theme
order by record_id, stage, theme
