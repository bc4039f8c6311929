-- the newest quarter of which it is known what was spent, else the newest
select *
from investment_moments
where period = coalesce(
    (select arg_max(period, period_start) from investment_moments where share_spent is not null),
    (select arg_max(period, period_start) from investment_moments)
)
order by array_position(['before', 'at', 'after', 'between'], moment)
