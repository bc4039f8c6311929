select *, $version as version from story.periods
