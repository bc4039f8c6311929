-- pieces of feedback with words, by stage ('all' for the whole company) and period, and how many of them speak of a matter
with speaking as (
    select distinct members.unit_id
    from "leading".read_matters
    inner join signals.members as members using (record_id)
    where matter = $matter
),

places as (
    select unit_id, said_on, stage from signals.units where is_worded and stage is not null
    union all
    select unit_id, said_on, 'all' as stage from signals.units where is_worded
)

select places.stage, periods.period_kind, periods.period, count(speaking.unit_id) as hits, count(*) as denominator
from places
inner join story.periods as periods on places.said_on >= periods.period_start and places.said_on < periods.period_end
left join speaking using (unit_id)
where periods.period_kind <> 'month'
group by all
order by all
