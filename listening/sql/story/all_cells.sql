select * from story.cells order by all
