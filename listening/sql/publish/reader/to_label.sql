-- what may be drawn for labelling: words that the classifier reads and whose stage no source gives; without a named source, customers' words only
with last_days as (
    select source, max(said_on) as last_day from records group by source
)

select
    records.record_id, records.source, records.stage_confidence as confidence, left(sha256(records.text), 16) as text_hash,
    records.said_on > last_days.last_day - 90 as is_recent,
    list_contains(records.flags, 'too_short') as is_short,
    records.classifier_version, records.journey_version
from records
inner join last_days using (source)
where records.stage_guess is not null and records.stage_basis <> 'source'
    and case when $source is null then records.kind <> 'checkins' and records.role not in ('employee', 'supplier') else records.source = $source end
order by records.record_id
