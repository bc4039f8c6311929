"""Publish: takes the night's tables, gives one complete run for readers (tables, page, files) behind an atomic switch."""

from listening.publish.station import LAKE, keep_only, publish, to_lake

__all__ = ["LAKE", "keep_only", "publish", "to_lake"]
