select count(distinct period) as periods, count(*) as stories, (select count(*) from story.quotes) as quotes
from story.stage_story
