select * from actions order by closed_on is not null, due_on nulls last, action_id
