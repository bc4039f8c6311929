select did_not_happen.*
from did_not_happen
left join journey using (stage)
where period_kind = 'rolling'
order by journey.stage_no nulls first, finding, touchpoint
