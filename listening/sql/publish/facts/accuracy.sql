select classifier_accuracy.*
from classifier_accuracy
left join journey using (stage)
where tag = 'stage'
order by source <> 'starter labels', source, language, stage = 'all', journey.stage_no nulls last, stage
