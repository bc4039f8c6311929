select record_themes.stage, record_themes.theme, coalesce(themes.name, 'Other') as name, record_themes.share, record_themes.confidence
from record_themes
left join themes using (theme)
where record_themes.record_id = $record_id
order by record_themes.share desc, record_themes.theme
