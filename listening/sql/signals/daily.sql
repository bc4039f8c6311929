with cuts as (
    select *, 'all' as cut_by, 'all' as cut_value
    from signals.units

    union all

    select * exclude (cut_by, cut_value), cut_by, cut_value
    from (
        unpivot (select *, region as _region, channel as _channel, product as _product, brand as _brand, segment as _segment, unit as _unit, team as _team from signals.units)
        on _region, _channel, _product, _brand, _segment, _unit, _team
        into name cut_by value cut_value
    )
)

select
    source,
    any_value(kind) as kind,
    stage,
    said_on,
    ltrim(cut_by, '_') as cut_by,
    cut_value,
    count(*) as units,
    count(*) filter (where stance = 'trouble') as trouble,
    count(*) filter (where stance = 'in between') as in_between,
    count(*) filter (where stance = 'great') as great,
    count(*) filter (where stance is null) as without_stance,
    sum(records)::bigint as records
from cuts
group by source, stage, said_on, cut_by, cut_value
order by source, stage, said_on, cut_by, cut_value
