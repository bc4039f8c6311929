select * from warnings order by opened_on desc, warning_id
