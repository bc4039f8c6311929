-- the names of the columns of good rows, in the order in which they come first
select json_keys(cells) as names, min(row_no) as first_row
from read_parquet($batch)
where fault is null
group by names
order by first_row
