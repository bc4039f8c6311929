-- months stand by themselves; quarters and windows are estimated together, so that what is told of one may differ wherever another was touched
from story.retold
union
select period_kind, period from story.periods where period_kind <> 'month'
union
select period_kind, period from story.told_periods where period_kind <> 'month'
