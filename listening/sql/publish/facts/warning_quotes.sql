select * from warning_quotes order by warning_id, "rank"
