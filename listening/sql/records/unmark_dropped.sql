update records.records set is_dropped = false where source = $source
