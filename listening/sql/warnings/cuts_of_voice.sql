select cut_by, cut_value, coalesce(sum(trouble) filter (where said_on >= $began_on), 0)::double as events, coalesce(sum(trouble) filter (where said_on < $began_on), 0)::double as events_before
from signals.theme_daily
where $theme is not null and stage = $stage and theme = $theme and list_contains($sources, source) and said_on >= $before and said_on <= $until
group by cut_by, cut_value
union all
select cut_by, cut_value, coalesce(sum(trouble) filter (where said_on >= $began_on), 0)::double as events, coalesce(sum(trouble) filter (where said_on < $began_on), 0)::double as events_before
from signals.daily
where $theme is null and stage = $stage and list_contains($sources, source) and said_on >= $before and said_on <= $until
group by cut_by, cut_value
order by cut_by, cut_value
