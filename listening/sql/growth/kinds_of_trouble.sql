select
    troubles.trouble_id, any_value(troubles.told_by) as told_by, any_value(troubles.stage) as stage, any_value(troubles.measure) as measure,
    any_value(troubles.theme) as theme, any_value(troubles.touchpoint) as touchpoint, any_value(themes.name) as theme_name
from growth.troubles as troubles
left join tagging.themes as themes using (theme)
group by troubles.trouble_id
order by troubles.trouble_id
