select warnings.*, journey.name as title
from warnings
left join journey using (stage)
order by closed_on is not null, coalesce(closed_on, opened_on) desc, warning_id
