update records.records
set updated_at = compared.updated_at, pull_id = compared.pull_id, row_no = compared.row_no, is_swept = compared.is_swept
from records.compared as compared
where records.record_id = compared.record_id
