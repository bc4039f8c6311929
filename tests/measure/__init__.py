"""Measures tags on labelled texts of other companies, which lie outside the project and never enter it."""
