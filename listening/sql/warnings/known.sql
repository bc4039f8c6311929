select * from warnings.warnings order by opened_on, warning_id
