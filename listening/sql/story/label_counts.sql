-- what random labels of a period's own texts say beside what was read (by a classifier that had not seen the label); a label without sentiment has null there
with persons as (
    select
        record_id,
        any_value(class) filter (where tag = 'stage') as stage,
        any_value(held_out) filter (where tag = 'stage') as held_out,
        any_value(class) filter (where tag = 'sentiment') as sentiment
    from tagging.labels
    where examines
    group by record_id
)

select
    records.source, periods.period,
    coalesce(persons.held_out, records.stage_guess) as predicted, records.sentiment < -0.1 as predicted_negative,
    persons.stage as "true", persons.sentiment = '-1' as true_negative,
    count(*) as n
from persons
inner join tagging.tagged_records as records using (record_id)
inner join records.records as said using (record_id)
inner join story.due_days as periods on records.said_on = periods.day
-- the same texts that story/read_shares counts, or the labels are of others
where persons.stage is not null and records.stage_guess is not null
    and said.given_stage is null and said.given_touchpoint is null
    and records.role not in ('employee', 'supplier') and records.kind <> 'checkins'
group by all
order by all
