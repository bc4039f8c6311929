"""Publish: takes the night's tables, gives one complete run for readers (tables, page, files) behind an atomic switch."""

from listening.publish.station import publish

__all__ = ["publish"]
