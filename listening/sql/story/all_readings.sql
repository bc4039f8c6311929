select * from story.readings order by all
