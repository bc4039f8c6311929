select * from since_yesterday order by "rank"
