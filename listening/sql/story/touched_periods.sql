-- periods that hold a day of which anything else is known than when they were told last, that moved, came, ended or went, or whose themes are called otherwise
with touched_days as (
    select day
    from story.days as days
    full join story.told_days as told using (day)
    where days.fingerprint is distinct from told.fingerprint
),

renamed as (
    select distinct told.period_kind, told.period
    from story.stage_themes as told
    inner join tagging.themes as themes using (theme)
    where (told.name, told.kind, told.opened_on) is distinct from (themes.name, themes.kind, themes.opened_on)
)

select period_kind, period
from story.periods as periods
full join story.told_periods as told using (period_kind, period)
where (periods.period_start, periods.period_end, periods.is_over) is distinct from (told.period_start, told.period_end, told.is_over)
    or exists (select 1 from touched_days where day >= periods.period_start and day < periods.period_end)
    or (period_kind, period) in (from renamed)
