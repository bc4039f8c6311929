select count(*) as periods from story.told_periods where version = $version
