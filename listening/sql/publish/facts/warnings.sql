select warnings.*, journey.name as title, themes.name as theme_name
from warnings
left join journey using (stage)
left join themes using (theme)
order by closed_on is not null, coalesce(closed_on, opened_on) desc, warning_id
