select
    count(*) as records,
    count(*) filter (where stage is not null) as placed,
    count(*) filter (where stage = 'none') as about_no_stage,
    count(*) filter (where stage is null and text is not null) as unplaced,
    count(*) filter (where stage is null and text is null) as without_text,
    count(*) filter (where list_contains(flags, 'other_language')) as in_other_languages,
    min(said_on) as first_day,
    max(said_on) as last_day
from records
where role not in ('employee', 'supplier')
