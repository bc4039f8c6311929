select pull_id from landing.pulls
