select bucket from signals.counted anti join signals.buckets using (bucket)
