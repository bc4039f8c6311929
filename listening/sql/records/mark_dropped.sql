-- what pulls that cannot be read as now configured brought earlier stays as it is
update records.records
set is_dropped = true
where source = $source and not list_contains($refused::varchar[], pull_id)
