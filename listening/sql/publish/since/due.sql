select actions.action_id, actions.what, actions.due_on, coalesce(actions.owner, journey.owner) as owner, actions.stage, journey.name as title
from actions
left join journey using (stage)
where actions.state <> 'closed' and actions.due_on <= $today::date
order by actions.due_on, actions.action_id
