select * from warnings order by opened_on, warning_id
