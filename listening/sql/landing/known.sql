select fingerprint from landing.pulls where source = $source
