select day, fingerprint from story.days
