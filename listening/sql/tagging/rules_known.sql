select stage, version from tagging.theme_rules
