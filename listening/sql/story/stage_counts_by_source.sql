select * from story.stage_counts order by all
