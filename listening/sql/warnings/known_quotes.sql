select * from warnings.warning_quotes order by warning_id, rank
