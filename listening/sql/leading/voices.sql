-- what customers said by role and by segment, by stage ('all' for the whole company) and period; the segment is the feedback's own or the customer's
with voices as (
    select
        units.unit_id, units.stage, units.said_on, units.stance, coalesce(units.customer_id, units.unit_id) as person,
        any_value(said.role) as role, coalesce(units.segment, any_value(lives.segment)) as segment
    from signals.units as units
    inner join signals.members as members using (unit_id)
    inner join tagging.tagged_records as said using (record_id)
    left join growth.lives as lives on units.customer_id = lives.customer_id
    group by units.unit_id, units.stage, units.said_on, units.stance, units.customer_id, units.segment
),

cuts as (
    select unit_id, stage, said_on, stance, person, cut_by, cut_value
    from (unpivot voices on role, segment into name cut_by value cut_value)
),

placed as (
    select stage, said_on, stance, person, cut_by, cut_value from cuts where stage is not null
    union all
    select 'all' as stage, said_on, stance, person, cut_by, cut_value from cuts
)

select
    placed.stage, periods.period_kind, periods.period, placed.cut_by, placed.cut_value,
    count(distinct placed.person) as people,
    count(placed.stance) as n,
    count(*) filter (where placed.stance = 'trouble') as trouble,
    count(*) filter (where placed.stance = 'great') as great
from placed
inner join story.periods as periods on placed.said_on >= periods.period_start and placed.said_on < periods.period_end
where periods.period_kind <> 'month'
group by all
order by all
