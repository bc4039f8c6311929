select * from warnings.alarms order by all
