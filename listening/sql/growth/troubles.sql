-- what is known of every customer: how each operational measure went on a day, and of what their tickets spoke
with located as (
    select
        customer_id, coalesce(stage, $stages[list_position($touchpoints, touchpoint)]) as stage, touchpoint, measure,
        ("at" at time zone $timezone)::date as day, failed
    from records.operations
    where customer_id is not null and "at" <= $clock
),

passages as (
    select
        customer_id, day, stage || '/' || measure as trouble_id, 'operations' as told_by, stage, measure, null::varchar as theme,
        any_value(touchpoint) as touchpoint, max(failed) > 0 as is_met
    from located
    where stage is not null
    group by all
),

tickets as (
    select distinct
        units.customer_id, mentions.said_on as day, mentions.stage || '/tickets/' || mentions.theme as trouble_id, 'tickets' as told_by, mentions.stage,
        null::varchar as measure, mentions.theme, if(list_contains($touchpoints, mentions.theme), mentions.theme, null) as touchpoint, true as is_met
    from signals.theme_mentions as mentions
    inner join signals.units as units using (unit_id)
    where mentions.kind in ('ticket', 'chat', 'call') and units.customer_id is not null and mentions.stance is distinct from 'great'
)

select * from passages
union all by name
select * from tickets
