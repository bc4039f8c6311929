-- periods that are touched, and those right after one, which are compared with it
with touched as (
    select period_kind, period, period_end from story.periods semi join story.touched_periods using (period_kind, period)
    union
    select period_kind, period, period_end from story.told_periods semi join story.touched_periods using (period_kind, period)
)

select period_kind, period from touched
union
select periods.period_kind, periods.period
from story.periods as periods
inner join touched on periods.period_kind = touched.period_kind and periods.period_start = touched.period_end
