select * from purpose_grid order by valued_no, invests_no
