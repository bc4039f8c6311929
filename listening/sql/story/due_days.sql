select *, unnest(range(period_start::timestamp, period_end::timestamp, interval 1 day))::date as day
from story.due
