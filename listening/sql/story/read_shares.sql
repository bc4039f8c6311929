-- how often customers' texts were read as a stage (where a person's label was learnt from, by a classifier that had not seen it), with negative words
-- or not; texts whose stage the source gives need no reading
with persons as (
    select labels.record_id, labels.held_out, said.given_stage is not null or said.given_touchpoint is not null as is_given
    from tagging.labels as labels
    inner join records.records as said using (record_id)
    where labels.counts and labels.unit = 'record' and labels.tag = 'stage'
)

select
    periods.period_kind, periods.period, periods.period_start, periods.period_end, periods.is_over,
    records.source, coalesce(persons.held_out, records.stage_guess) as stage, records.sentiment < -0.1 as is_negative,
    count(*) as n
from tagging.tagged_records as records
inner join story.due_days as periods on records.said_on = periods.day
left join persons using (record_id)
where records.stage_guess is not null and records.stage_basis <> 'source' and not coalesce(persons.is_given, false)
    and records.role not in ('employee', 'supplier') and records.kind <> 'checkins'
    and periods.is_told
group by all
order by all
