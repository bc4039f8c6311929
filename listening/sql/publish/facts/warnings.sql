select warnings.*, journey.name as title, themes.name as theme_name
from warnings
left join journey using (stage)
left join themes on warnings.theme = themes.theme
order by warnings.closed_on is not null, coalesce(warnings.closed_on, warnings.opened_on) desc, warning_id
