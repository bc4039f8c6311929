select touchpoints.stage, touchpoints.touchpoint, touchpoints.name, touchpoints.owner, touchpoints.priority, touchpoints.basic, count(records.record_id) as records
from touchpoints
left join records on records.touchpoint = touchpoints.touchpoint and records.stage = touchpoints.stage and records.role not in ('employee', 'supplier')
group by all
order by records desc, touchpoints.touchpoint
