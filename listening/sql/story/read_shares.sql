-- how often customers' texts were read as a stage, with negative words or not; texts whose stage the source gives need no reading
select
    periods.period_kind, periods.period, periods.period_start, periods.period_end, periods.is_over,
    records.source, records.stage_guess as stage, records.sentiment < -0.1 as is_negative,
    count(*) as n
from tagging.tagged_records as records
inner join story.periods as periods on records.said_on >= periods.period_start and records.said_on < periods.period_end
where records.stage_guess is not null and records.stage_basis <> 'source'
    and records.role not in ('employee', 'supplier') and records.kind <> 'checkins'
    and (periods.period_kind <> 'rolling' or periods.period = 'last 90 days')
group by all
order by all
