-- what an export can be narrowed down to
select 'stage' as what, stage as value, name from journey
union all
select 'stage' as what, 'none' as value, null as name
union all
select 'theme' as what, theme as value, name from themes where merged_into is null
union all
select distinct 'source' as what, source as value, null as name from records
union all
select 'stance' as what, unnest(['trouble', 'in between', 'great']) as value, null as name
union all
select distinct cut_by as what, cut_value as value, null as name from signals where cut_by <> 'all'
order by what, value
