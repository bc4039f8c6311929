"""The page alone: takes a workspace that has published, gives how long its page takes when it is grown to any number of stages and quarters."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import dataclass
from pathlib import Path

from listening import warehouse
from listening.meter import Meter
from listening.publish import facts, reading, site
from listening.workspace import Workspace


@dataclass(frozen=True)
class Rendered:
    """How long the page took: its size, seconds on the clock and of processors, and the largest file in kB."""

    stages: int
    periods: int
    pages: int
    seconds: float
    processor_seconds: float
    largest_kb: float


def bench_page(place: Workspace, stages: int = 12, periods: int = 20) -> Rendered:
    """Render a workspace's published page, grown to at least so many stages of so many quarters by telling its fullest stages again.

    Everything is timed from the published tables to the last file: facts are gathered, charts drawn, comments paged.

    Raises:
        Mend: nothing has been published yet.
    """
    database = reading.database(place)
    meter = Meter()
    with meter("page"), warehouse.reading(database) as published:
        told, comments = facts.gather(published, place.settings().company, database.parent.name), facts.comments(published)
    told, comments = _grown(told, comments, stages, periods)
    with tempfile.TemporaryDirectory() as folder:
        with meter("page"):
            site.write(Path(folder) / "site", told, comments)
        sizes = [path.stat().st_size for path in Path(folder).rglob("*.html")]
    used = meter.used["page"]
    return Rendered(len(told["stages"]), periods, len(sizes), used.seconds, used.processor_seconds, max(sizes) / 1000)


def _grown(told: facts.Facts, comments: facts.Comments, stages: int, periods: int) -> tuple[facts.Facts, facts.Comments]:
    """The same facts with at least so many stages, the fullest ones again, and with so many quarters of each."""
    fullest = sorted(told["stages"], key=lambda stage: -(stage["now"] or {"records": 0})["records"])
    grown, said = [stage | {"periods": _quarters(stage, periods)} for stage in told["stages"]], dict(comments)
    for number, stage in zip(range(len(grown) + 1, stages + 1), itertools.cycle(fullest), strict=False):
        grown.append(stage | {"stage": f"made-{number}", "title": f"{stage['title']} {number}", "periods": _quarters(stage, periods)})
        said |= {(f"made-{number}", theme): rows for (of, theme), rows in comments.items() if of == stage["stage"]}
    return told | {"stages": grown}, said


def _quarters(stage: facts.Facts, periods: int) -> list[facts.Facts]:
    """So many quarters of a stage, its own again and again."""
    own = [story for story in stage["periods"] if story["period_kind"] == "quarter"]
    return [own[back % len(own)] | {"period": f"{2030 - back // 4}-Q{4 - back % 4}"} for back in range(periods if own else 0)]
