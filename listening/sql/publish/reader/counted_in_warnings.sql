-- the warnings that one unit is among: of its stage, source, place and themes, while they stood open
with counted as (
    select * from units where unit_id = $unit_id
),

dimensions as (
    unpivot (select region, channel, product, brand, segment, "unit", team from counted) on columns(*) into name cut_by value cut_value
),

spoken_of as (
    select distinct sentences.theme
    from sentences
    inner join records using (record_id)
    where records.unit_id = $unit_id and sentences.theme is not null
)

select warnings.warning_id, warnings.opened_on, warnings.closed_on, warnings.text
from warnings
inner join counted on warnings.stage = counted.stage and counted.stance = 'trouble'
where warnings.measure is null
    and (warnings.theme is null or warnings.theme in (from spoken_of))
    and (warnings.source is null or list_contains(string_split(warnings.source, ', '), counted.source))
    and (warnings.cut_by = 'all' or (warnings.cut_by, warnings.cut_value) in (select (cut_by, cut_value) from dimensions))
    and counted.said_on >= warnings.began_on and (warnings.closed_on is null or counted.said_on <= warnings.closed_on)
order by warnings.opened_on, warnings.warning_id
