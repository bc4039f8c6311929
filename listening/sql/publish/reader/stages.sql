select stage from journey order by stage_no
