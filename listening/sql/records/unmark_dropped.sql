update records.records
set is_dropped = false
where source = $source and is_dropped and list_contains($refused::varchar[], pull_id)
