select stage_no, stage, name, owner, promise, description from journey order by stage_no
