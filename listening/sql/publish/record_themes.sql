select record_themes.record_id, record_themes.stage, record_themes.theme, record_themes.share, record_themes.confidence
from tagging.record_themes as record_themes
semi join tagging.tagged_records as records using (record_id)
order by record_id, stage, theme
