select stage, period_kind, period, part, "text"
from story_sentences
where cut_by = 'all'
order by stage, period_kind, period, sentence_no
