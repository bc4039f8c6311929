-- the newest quarter of which it is known what was spent, else the newest
select investment_balance.*
from investment_balance
inner join journey using (stage)
where period = coalesce(
    (select arg_max(period, period_start) from investment_balance where share_spent is not null),
    (select arg_max(period, period_start) from investment_balance)
)
order by journey.stage_no
