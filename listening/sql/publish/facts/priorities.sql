select * from priorities order by "rank"
