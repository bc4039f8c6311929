select * from drivers order by outcome <> 'left', outcome, "rank"
