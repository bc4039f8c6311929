-- what customers who were asked at random answered, by stage, period and cut; kept: of those for whom no measure failed
select
    period_kind, period, cut_by, cut_value, stage,
    count(expectation) as expectation,
    count(*) filter (where expectation = 'below') as below,
    count(*) filter (where expectation = 'met') as met,
    count(*) filter (where expectation = 'exceeded') as exceeded,
    count(expectation) filter (where not failed) as kept,
    count(*) filter (where not failed and expectation = 'below') as kept_below,
    count(effort) as effort,
    count(*) filter (where effort >= 0.5) as laborious,
    -- what is not memorable is left empty, by a source that asks for it
    count(*) filter (where answered = 1 and asks_memorable) as memorable,
    count(*) filter (where memorable > 0) as memorable_good,
    count(*) filter (where memorable < 0) as memorable_bad,
    count(would_recommend) as recommend,
    count(*) filter (where would_recommend >= 0.5) as recommending
from (select *, bool_or(memorable is not null) over (partition by source) as asks_memorable from story.asked)
group by all
order by all
