-- units stand at their conversation's stage and day, records at their own, so each adds up by itself
with units as (
    select
        'unit' as what, source, kind, stage, said_on, stance, is_worded, expectation, effort, memorable,
        region, channel, product, brand, segment, "unit", team, own_dimensions
    from signals.units
    semi join signals.touched_days using (source, said_on)
),

records as (
    select
        'record' as what, source, kind, stage, said_on, stance, false as is_worded, null as expectation, null as effort, null as memorable,
        region, channel, product, brand, segment, "unit", team, own_dimensions
    from tagging.tagged_records
    semi join signals.touched_days using (source, said_on)
    where role not in ('employee', 'supplier') and kind <> 'checkins'
),

counted as (
    select * from units
    union all
    select * from records
),

cuts as (
    select what, source, kind, stage, said_on, stance, is_worded, expectation, effort, memorable, 'all' as cut_by, 'all' as cut_value
    from counted

    union all

    select what, source, kind, stage, said_on, stance, is_worded, expectation, effort, memorable, cut_by, cut_value
    from (unpivot counted on region, channel, product, brand, segment, "unit", team into name cut_by value cut_value)

    union all

    select what, source, kind, stage, said_on, stance, is_worded, expectation, effort, memorable, cut_by, own_dimensions ->> cut_by as cut_value
    from (select *, unnest(json_keys(own_dimensions)) as cut_by from counted where own_dimensions is not null)
)

select
    source,
    any_value(kind) as kind,
    stage,
    said_on,
    cut_by,
    cut_value,
    count(*) filter (where what = 'unit') as units,
    count(*) filter (where what = 'unit' and stance = 'trouble') as trouble,
    count(*) filter (where what = 'unit' and stance = 'in between') as in_between,
    count(*) filter (where what = 'unit' and stance = 'great') as great,
    count(*) filter (where what = 'unit' and stance is null) as without_stance,
    count(*) filter (where is_worded) as worded,
    count(*) filter (where expectation = 'below') as below,
    count(*) filter (where expectation = 'met') as met,
    count(*) filter (where expectation = 'exceeded') as exceeded,
    count(*) filter (where effort >= 0.5) as laborious,
    count(*) filter (where effort < 0.5) as easy,
    count(*) filter (where memorable > 0) as memorable_good,
    count(*) filter (where memorable < 0) as memorable_bad,
    count(*) filter (where what = 'record') as records
from cuts
group by source, stage, said_on, cut_by, cut_value
order by source, stage, said_on, cut_by, cut_value
