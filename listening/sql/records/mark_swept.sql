update records.records set is_swept = true where source = $source and is_deleted and is_swept is not true
