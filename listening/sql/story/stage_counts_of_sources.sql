select * from story.stage_counts where stage is not null and stage <> 'none' order by all
