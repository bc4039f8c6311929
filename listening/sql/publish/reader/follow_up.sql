select * from follow_up order by rank
