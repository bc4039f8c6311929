-- the survey that most answers of a stage come from
select stage, source
from signals.units
where kind = 'survey'
group by stage, source
qualify row_number() over (partition by stage order by count(*) desc, source) = 1
order by stage
