-- distinct customers (or units, where nobody is named) who spoke of a stage
with cuts as (
    select stage, said_on, customer_id, unit_id, 'all' as cut_by, 'all' as cut_value
    from signals.units

    union all

    select stage, said_on, customer_id, unit_id, cut_by, cut_value
    from (unpivot signals.units on region, channel, product, brand, segment, unit, team into name cut_by value cut_value)

    union all

    select stage, said_on, customer_id, unit_id, cut_by, own_dimensions ->> cut_by as cut_value
    from (select *, unnest(json_keys(own_dimensions)) as cut_by from signals.units where own_dimensions is not null)
)

select periods.period_kind, periods.period, cuts.cut_by, cuts.cut_value, cuts.stage, count(distinct coalesce(cuts.customer_id, cuts.unit_id)) as heard
from cuts
inner join story.due_days as periods on cuts.said_on = periods.day
where periods.is_told and cuts.stage is not null and cuts.stage <> 'none'
group by all
order by all
