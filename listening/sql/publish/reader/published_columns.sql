select column_name as "column", lower(data_type) as type, comment as meaning
from duckdb_columns()
where table_name = $table and not internal
order by column_index
