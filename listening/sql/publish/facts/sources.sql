select * from freshness order by source
