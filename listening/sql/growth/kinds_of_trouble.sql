-- every trouble that is known of customers, and for each stage the tickets of themes too rare to be told apart
with kinds as (
    select
        trouble_id, any_value(told_by) as told_by, any_value(stage) as stage, any_value(measure) as measure, any_value(theme) as theme,
        any_value(touchpoint) as touchpoint
    from growth.troubles
    where trouble_id not like '%/tickets/other'
    group by trouble_id

    union all

    select distinct stage || '/tickets/other' as trouble_id, told_by, stage, null as measure, null as theme, null as touchpoint
    from growth.troubles
    where told_by = 'tickets'
)

select kinds.*, themes.name as theme_name
from kinds
left join tagging.themes as themes using (theme)
order by kinds.trouble_id
