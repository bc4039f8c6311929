select count(*) as waiting from waiting
