-- what people say of records drawn at random, beside what the classifier reads in the same words, or where it learnt from the
-- label what one read that had not
select
    labels.record_id, records.source, coalesce(records.language, 'en') as language, labels.tag, labels.class as truth,
    case labels.tag
        when 'stage' then coalesce(labels.held_out, tags.stage_guess, '')
        when 'sentiment' then case when tags.sentiment < -0.1 then '-1' when tags.sentiment > 0.1 then '1' when tags.sentiment is not null then '0' else '' end
        when 'effort' then case tags.effort when 1 then 'high' when 0 then 'low' else 'nothing' end
        when 'memorable' then coalesce(tags.memorable::integer::varchar, 'nothing')
        when 'recommend' then case when tags.recommend <> 0 then tags.recommend::varchar else 'nothing' end
        when 'expectation' then coalesce(tags.expectation, 'nothing')
        when 'intent' then coalesce(tags.intent, 'nothing')
        when 'purpose' then coalesce(tags.purpose, 'nothing')
    end as guess,
    coalesce(labels.held_out_confidence, tags.stage_confidence) as confidence
from tagging.labels as labels
inner join tagging.tags as tags using (record_id)
inner join records.records as records using (record_id)
where labels.examines and not records.is_dropped
order by labels.record_id, labels.tag
