"""What a system has no longer: takes all ids that it gives tonight, gives those that landing lacks and tombstones for those that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from listening.sources.connector import Cells, Session
from listening.sources.http import Stopped
from listening.sources.pull import Difference
from listening.workspace import GONE

GONE_AT_MOST = 0.5  # of the ids, before a system counts as emptied by mistake
TOO_FEW = 20  # ids to speak of shares
DAYS_BETWEEN = 7  # comparisons, where one a night would cost too much
HOURS_EARLY = 6  # a night may begin, and still count as a day after the last


def is_due(session: Session, compared_at: float, days: int) -> bool:
    """Whether it is time to compare again what was compared last at `compared_at` (Unix seconds); with 0 days between it never is."""
    return days > 0 and session.clock - compared_at >= days * 86_400 - HOURS_EARLY * 3_600


def compared(session: Session, key: str, version: str, there: Iterator[list[tuple[str, str | None]]]) -> Difference:
    """What is gone there or lacking here, by the cells that hold a row's id and version.

    Raises:
        Stopped: so much is gone that it rather looks like a mistake.
    """
    differs = session.compare(key, version, there)
    most = session.option("gone_at_most", GONE_AT_MOST)
    if len(differs.gone) > most * differs.known and (len(differs.gone) >= TOO_FEW or not differs.seen):
        raise Stopped(
            f"has {len(differs.gone)} of {differs.known} rows no longer, which looks like a mistake, so none of them is deleted here. "
            f"If it is meant, set gone_at_most = 1 in [sources.{session.source.name}] for one night."
        )
    return differs


def tombstones(key: str, gone: Iterable[str], others: Iterable[str] = ()) -> list[Cells]:
    """Rows that tell of deletions; `others` are the columns that all rows of the stream have."""
    return [{**dict.fromkeys(others), key: each, GONE: True} for each in gone]
