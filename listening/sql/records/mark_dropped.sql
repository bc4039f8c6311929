update records.records set is_dropped = true where source = $source
