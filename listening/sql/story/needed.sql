-- periods whose stories are told again, and those that they are compared with
select period_kind, period from story.periods semi join story.renewed using (period_kind, period)
union
from story.compared
