select losses.*, journey.name as title
from losses
left join journey using (stage)
where period_kind = 'rolling'
order by difference desc, trouble_id
