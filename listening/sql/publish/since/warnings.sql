select
    warnings.warning_id, warnings.stage, journey.name as title, coalesce(themes.name, replace(warnings.measure, '_', ' '), 'trouble') as what,
    warnings.source, warnings.cut_by, warnings.cut_value, warnings.opened_on, warnings.closed_on, warnings.observed, warnings.expected,
    try_cast(warnings.customers as double) as customers, try_cast(warnings.value as double) as value, journey.owner
from warnings
left join journey using (stage)
left join themes using (theme)
order by journey.stage_no, warnings.opened_on, warnings.warning_id
