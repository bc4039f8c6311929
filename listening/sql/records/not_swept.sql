select record_id, native_id, pull_id, row_no
from records.records
where source = $source and is_deleted and is_swept is not true
