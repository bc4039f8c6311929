select themes.theme, themes.stage, journey.name as title, themes.name
from themes
inner join journey using (stage)
where themes.kind in ('found', 'person') and themes.closed_on is null
order by journey.stage_no, themes.theme
