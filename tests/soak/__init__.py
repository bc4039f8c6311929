"""The long suites: a seeded company whose every export is known, nights that are disturbed on purpose, and a judge who compares."""
