select stage, period_kind, period, side, rank, record_id, text, source
from quotes
order by stage, period_kind, period_start, side, rank
