select * from warnings.series order by series
