select tagged.* exclude (counted_as), members.unit_id, kept.pull_id, kept.row_no
from tagging.tagged_records as tagged
inner join records.records as kept using (record_id)
left join signals.members as members using (record_id)
order by record_id
