select shaped.source, any_value(pulls.kind) as kind
from records.shaped_pulls as shaped
join landing.pulls as pulls using (pull_id)
group by shaped.source
order by shaped.source
