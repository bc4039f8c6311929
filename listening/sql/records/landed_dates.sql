-- the good rows in which anything is written as 03/04/2025 is; those with dates such as 2025-04-03 tell nothing of the order
select cells
from read_parquet($batch)
where fault is null and regexp_matches(cells, '(?:^|\P{Nd})\p{Nd}{1,2}[./-]\p{Nd}{1,2}[./-]\p{Nd}')
