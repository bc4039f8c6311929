-- a conversation is one unit, an answer with several comments is one, and any other record is one by itself
select
    record_id,
    case when kind in ('ticket', 'chat', 'call') and thread_id is not null then source || '/' || thread_id else coalesce(answer_id, record_id) end as unit_id
from tagging.tagged_records
where role not in ('employee', 'supplier') and kind <> 'checkins' and record_id in (from signals.touched_records)
order by record_id
