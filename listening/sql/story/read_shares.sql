-- how often customers' texts were read as a stage, with negative words or not; texts whose stage the source gives need no reading
select
    periods.period_kind, periods.period, periods.period_start, periods.period_end, periods.is_over,
    records.source, records.stage_guess as stage, records.sentiment < -0.1 as is_negative,
    count(*) as n
from tagging.tagged_records as records
inner join story.due_days as periods on records.said_on = periods.day
where records.stage_guess is not null and records.stage_basis <> 'source'
    and records.role not in ('employee', 'supplier') and records.kind <> 'checkins'
    and periods.is_told
group by all
order by all
