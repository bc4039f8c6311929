select experience.*
from experience
left join journey using (stage)
where period_kind = 'rolling'
order by journey.stage_no nulls first, array_position(['time saved', 'time well spent', 'commoditisation', 'irrelevance', 'indifference'], part), measure
