-- texts that can be tagged, of customers, in an order that is the same every time
select record_id, text
from records.records
where not is_deleted and text is not null and coalesce(language, 'en') = 'en' and role not in ('employee', 'supplier')
order by record_id
