select source, any_value(connector) as connector, any_value(kind) as kind
from landing.pulls
group by source
order by source
