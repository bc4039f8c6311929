select * exclude (place)
from uncompared
where place >= $start and place < $stop
order by place
