-- a theme may be renamed without anything being said
update story.stage_themes as told
set name = named.name, kind = named.kind, opened_on = named.opened_on
from (
    select theme, name, kind, opened_on from tagging.themes
    union all
    select 'other' as theme, 'Other' as name, 'other' as kind, null as opened_on
) as named
where told.theme = named.theme and (told.name, told.kind, told.opened_on) is distinct from (named.name, named.kind, named.opened_on)
