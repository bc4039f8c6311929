select bucket, fingerprint, version from signals.buckets semi join signals.touched_buckets using (bucket)
