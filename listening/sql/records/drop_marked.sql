delete from records.records where source = $source and is_dropped
