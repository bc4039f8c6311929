select stage, period_kind, period, source, score_name, score_worst, score_best, n, mean, mean_low, mean_high, net, low, high
from stage_scores
order by stage, period_kind, period_start, source, score_name
