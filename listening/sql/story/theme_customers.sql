-- distinct customers (or units, where nobody is named) who speak of each theme
select periods.period_kind, periods.period, mentions.stage, mentions.theme, sides.side, count(distinct mentions.voice) as customers
from signals.theme_mentions as mentions
inner join story.due_days as periods on mentions.said_on = periods.day
inner join (values ('all'), ('trouble'), ('great')) as sides (side) on sides.side = 'all' or sides.side = mentions.stance
where periods.is_told
group by all
order by all
