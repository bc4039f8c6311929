select * from actions order by state = 'closed', due_on nulls last, action_id
