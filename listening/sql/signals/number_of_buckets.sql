select count(*) as buckets from signals.counted where version = $version
