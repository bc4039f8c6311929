select whole_cast.*
from whole_cast
left join journey using (stage)
where period_kind = 'rolling' and (journey.stage is not null or whole_cast.stage = 'all')
order by
    journey.stage_no nulls first, cut_by, array_position(['buyer', 'user', 'sponsor', 'community', 'employee', 'supplier'], cut_value), people desc nulls last,
    cut_value
