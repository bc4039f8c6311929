-- texts that are a unit by themselves, by what was read in them (by a classifier that had not seen the label) and what random labels say, of
-- sources and periods with labels enough to correct by; texts whose stage the source gives are left out, for their stages are not misread
with labelled as (
    select
        labels.record_id, records.said_on, records.source,
        any_value(labels.class) filter (where labels.tag = 'stage') as stage,
        any_value(labels.held_out) filter (where labels.tag = 'stage') as held_out,
        any_value(labels.class) filter (where labels.tag = 'expectation') as expectation,
        any_value(labels.class) filter (where labels.tag = 'effort') as effort,
        any_value(labels.class) filter (where labels.tag = 'memorable') as memorable
    from tagging.labels as labels
    inner join tagging.tagged_records as records using (record_id)
    where labels.examines
    group by all
    having stage is not null
),

enough as (
    select labelled.source, periods.period_kind, periods.period, periods.period_start, periods.period_end
    from labelled
    inner join story.due as periods on labelled.said_on >= periods.period_start and labelled.said_on < periods.period_end
    group by all
    having count(*) >= $enough
),

-- looked for first, for they are few among all that was ever said
texts_there as materialized (
    from tagging.tagged_records
    semi join (select source, unnest(range(period_start::timestamp, period_end::timestamp, interval 1 day))::date as said_on from enough) using (source, said_on)
    where stage_guess is not null and stage_basis <> 'source'
),

texts as (
    select
        units.source, units.said_on, units.customer_id, units.stage as placed,
        coalesce(labelled.held_out, records.stage_guess) as predicted,
        coalesce(units.expectation, 'nothing') as expectation,
        case when units.effort >= 0.5 then 'high' when units.effort < 0.5 then 'low' else 'nothing' end as effort,
        case when units.memorable > 0 then '1' when units.memorable < 0 then '-1' else 'nothing' end as memorable,
        labelled.stage as "true", labelled.expectation as true_expectation, labelled.effort as true_effort, labelled.memorable as true_memorable
    from texts_there as records
    inner join signals.members as members using (record_id)
    inner join signals.units as units using (unit_id)
    inner join records.records as said using (record_id)
    left join labelled using (record_id)
    where units.records = 1 and units.is_worded
        and (records.stage_basis <> 'person' or (said.given_stage is null and said.given_touchpoint is null))
),

-- what a customer's passage was is known by the stage that was read
kept as (
    select texts.*, enough.period_kind, enough.period
    from texts
    inner join enough
        on texts.source = enough.source and texts.said_on >= enough.period_start and texts.said_on < enough.period_end
    inner join story.members as members
        on enough.period_kind = members.period_kind and enough.period = members.period
            and texts.predicted = members.stage and texts.customer_id = members.customer_id
    where members.cut_by = 'all' and not members.failed
),

everything as (
    select
        texts.*, enough.period_kind, enough.period, 'all' as domain,
        unnest([
            {'tag': 'expectation', 'read': expectation, 'said': true_expectation},
            {'tag': 'effort', 'read': effort, 'said': true_effort},
            {'tag': 'memorable', 'read': memorable, 'said': true_memorable}
        ]) as told
    from texts
    inner join enough
        on texts.source = enough.source and texts.said_on >= enough.period_start and texts.said_on < enough.period_end

    union all by name

    select *, 'kept' as domain, {'tag': 'expectation', 'read': expectation, 'said': true_expectation} as told
    from kept
)

select
    period_kind, period, domain, told.tag as tag, source, placed, predicted, told.read as predicted_kind,
    "true", told.said as true_kind,
    count(*) as n
from everything
group by all
order by all
