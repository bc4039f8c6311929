select * from story.customers order by all
