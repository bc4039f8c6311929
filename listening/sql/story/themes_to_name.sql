-- the themes that a stage's story may name: those that most tell of, on each side
select period_kind, period, cut_by, cut_value, stage, side, name, units, share, low, high, denominator
from story.stage_themes
semi join story.renewed using (period_kind, period)
where side <> 'all' and kind <> 'other' and units >= $least
qualify row_number() over (partition by period_kind, period, cut_by, cut_value, stage, side order by rank) <= $most
order by period_kind, period, stage, side, rank
