select stage_story.*
from stage_story
inner join journey using (stage)
where cut_by = 'all'
    and ($stage is null or lower($stage) in (lower(stage), lower(journey.name)))
    and (lower(period) = lower($period) or ($period is null and period_kind = 'rolling'))
order by journey.stage_no, period_kind
