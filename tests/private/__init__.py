"""Remarks of invented customers in which what is private is marked by kind, and how well redaction finds it."""
