"""Any database that SQLAlchemy speaks to: a table or a query, read from where the last night ended."""

from listening.sources.sql.stream import CONNECTOR

__all__ = ["CONNECTOR"]
