select stage, period_kind, period, source, customers, invited, response, heard, passed_heard, passed_silent, failed_heard, failed_silent
from coverage
order by stage, period_kind, period_start, source = 'all', heard desc, source
