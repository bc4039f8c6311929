select * from accountability order by finding, about
