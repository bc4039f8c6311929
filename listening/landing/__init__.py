"""Landing: takes what sources bring, gives Parquet batches that keep their rows verbatim and once, and the cursor to them in the store."""

from listening.landing.station import Landed, empty, erase, erase_forgotten, land, last_landed, mentioning, row, settle, verify

__all__ = ["Landed", "empty", "erase", "erase_forgotten", "land", "last_landed", "mentioning", "row", "settle", "verify"]
