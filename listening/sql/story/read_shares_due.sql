from story.read_shares semi join story.due using (period_kind, period) order by all
