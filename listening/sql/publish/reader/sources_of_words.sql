select distinct source from records where text is not null order by source
