select pull_id, fingerprint, batches from landing.pulls where source = $source
