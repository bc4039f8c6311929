select pull_id, row_no, cells, fault
from read_parquet($batch)
order by row_no
