select * from story.coverage order by all
