delete from tagging.sentence_themes
where stage = $stage and theme is null
