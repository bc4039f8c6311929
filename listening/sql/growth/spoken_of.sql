-- of what customers speak as trouble or with praise in the last 90 days
select themes.stage, themes.theme, themes.name, themes.side, themes.customers, themes.units, themes.share, themes.low, themes.denominator, whole.trouble, whole.great
from story.stage_themes as themes
inner join story.stage_themes as whole using (stage, period_kind, period, cut_by, cut_value, theme)
where themes.period_kind = 'rolling' and themes.cut_by = 'all' and themes.side <> 'all' and whole.side = 'all' and themes.theme <> 'other'
order by all
