select count(*) as records from tagging.tagged_records
