-- what people inside believed of each stage, by role and period (quarters, and the last 90 days)
select
    ratings.stage, periods.period_kind, periods.period, periods.period_start, periods.period_end, periods.is_over,
    coalesce(ratings.role, 'not said') as role,
    avg(ratings.great_share) as believed,
    count(ratings.great_share) as raters,
    coalesce(stddev_samp(ratings.great_share), 0) as deviation,
    avg(ratings.rating) as rating
from records.internal_ratings as ratings
inner join story.periods as periods on ratings.rated_at >= periods.period_start and ratings.rated_at < periods.period_end
where periods.period_kind <> 'month' and ratings.rated_at <= $today::date
group by all
order by all
