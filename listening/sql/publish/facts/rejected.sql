select source, reason, count(*) as rows from rejects group by all order by source, rows desc, reason
