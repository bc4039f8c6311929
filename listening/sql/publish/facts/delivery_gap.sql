select delivery_gap.* from delivery_gap inner join journey using (stage) where period_kind = 'rolling' order by journey.stage_no, role
