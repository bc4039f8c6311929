"""Publish: takes the night's tables, gives one complete run for readers (tables, page, files) behind an atomic switch."""

from listening.publish.station import keep_only, publish

__all__ = ["keep_only", "publish"]
