select maturity.* from maturity inner join journey using (stage) where period_kind = 'rolling' order by journey.stage_no
