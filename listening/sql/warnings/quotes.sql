-- clear words of trouble about the stage (and theme) in the warning's place and time; of customers whose passage failed first, then the newest
with failed as (
    select distinct customer_id
    from warnings.passages
    where failed > 0 and stage = $stage and measure = $measure and day >= $began_on and day <= $until
),

said as (
    select
        sentences.record_id, sentences.text, records.source, records.said_on, coalesce(records.customer_id, records.thread_id, records.record_id) as voice,
        coalesce(records.customer_id in (from failed), false) as is_failed, sentences.sentiment
    from tagging.sentences as sentences
    inner join tagging.tagged_records as records using (record_id)
    left join tagging.sentence_themes as themed using (record_id, sentence_no)
    where sentences.stage = $stage and records.said_on >= $began_on and records.said_on <= $until
        and records.role not in ('employee', 'supplier') and records.kind <> 'checkins'
        and length(sentences.text) between 40 and 240 and sentences.sentiment <= -0.3
        and ($theme is null or themed.theme = $theme)
        and ($measure is not null or list_contains($sources, records.source))
        and (
            $cut_by = 'all'
            or $cut_value = case $cut_by
                when 'region' then records.region when 'channel' then records.channel when 'product' then records.product when 'brand' then records.brand
                when 'segment' then records.segment when 'unit' then records."unit" when 'team' then records.team else records.own_dimensions ->> $cut_by
            end
        )
),

voices as (
    select * from said
    qualify row_number() over (partition by voice order by said_on desc, sentiment, record_id, text) = 1
)

select row_number() over (order by is_failed desc, said_on desc, sentiment, record_id)::bigint as rank, record_id, source, said_on, text
from voices
order by rank
limit 3
