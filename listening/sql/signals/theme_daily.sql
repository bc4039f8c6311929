with mentions as (
    select * from signals.theme_mentions semi join signals.touched_days using (source, said_on)
),

cuts as (
    select source, kind, stage, theme, said_on, stance, records, 'all' as cut_by, 'all' as cut_value
    from mentions

    union all

    select source, kind, stage, theme, said_on, stance, records, cut_by, cut_value
    from (unpivot mentions on region, channel, product, brand, segment, "unit", team into name cut_by value cut_value)

    union all

    select source, kind, stage, theme, said_on, stance, records, cut_by, own_dimensions ->> cut_by as cut_value
    from (select *, unnest(json_keys(own_dimensions)) as cut_by from mentions where own_dimensions is not null)
)

select
    source,
    any_value(kind) as kind,
    stage,
    theme,
    said_on,
    cut_by,
    cut_value,
    count(*) as units,
    count(*) filter (where stance = 'trouble') as trouble,
    count(*) filter (where stance = 'in between') as in_between,
    count(*) filter (where stance = 'great') as great,
    count(*) filter (where stance is null) as without_stance,
    sum(records)::bigint as records
from cuts
group by source, stage, theme, said_on, cut_by, cut_value
order by source, stage, theme, said_on, cut_by, cut_value
