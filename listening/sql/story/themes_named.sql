select theme, name, kind, opened_on from tagging.themes
