from story.surveys order by stage
