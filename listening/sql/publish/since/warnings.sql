select
    warnings.*, journey.name as title, journey.owner as stage_owner,
    coalesce('“' || themes.name || '”', 'failures of “' || replace(warnings.measure, '_', ' ') || '”', 'trouble') as what
from warnings
left join journey using (stage)
left join themes using (theme)
order by journey.stage_no, warnings.opened_on, warnings.warning_id
