-- periods that are told again, and those right before one, with which they are compared
with retold as (
    from story.periods semi join story.retold using (period_kind, period)
)

select period_kind, period from retold
union
select periods.period_kind, periods.period
from story.periods as periods
inner join retold on periods.period_kind = retold.period_kind and periods.period_end = retold.period_start
