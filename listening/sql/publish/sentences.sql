select
    sentences.record_id, sentences.sentence_no, sentences."start", sentences."stop", sentences.text,
    sentences.stage, sentences.stage_guess, sentences.stage_confidence, sentences.sentiment, sentences.touchpoint, themed.theme, themed.phrase, records.flags,
    sentences.effort, sentences.expectation, sentences.memorable, sentences.recommend, sentences.intent, sentences.purpose, sentences.competitor,
    records.classifier_version, records.journey_version
from tagging.sentences as sentences
inner join tagging.tagged_records as records using (record_id)
left join tagging.sentence_themes as themed using (record_id, sentence_no)
order by record_id, sentence_no
