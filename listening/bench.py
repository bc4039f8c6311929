"""How long a night takes: makes a workspace of any size from the sample's own words, walks it, gives figures by station.

The rows serve for size only. They repeat the sample's texts under new ids and dates, say so in a column, and are
thrown away with their folder; nothing is ever told from them.
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from listening import night, workspace
from listening.workspace import Mend, Workspace

FIRST_DAY = dt.date(2025, 4, 1)
DAYS = 456  # the sample's five quarters
COLUMNS = ("id", "said_at", "text", "score", "customer_id", "region", "made_for_size")
CONFIGURATION = """\
[company]
name = "Made for size"
timezone = "Europe/London"

[sources.survey]
connector = "files"
kind = "survey"
path = "inbox/survey.csv"
columns = { id = "id", said_at = "said_at", text = "text", score = "score", customer_id = "customer_id" }
score_scale = [0, 10]
dimensions = { region = "region" }
"""


@dataclass(frozen=True)
class Timed:
    """One station of a night: how long it took, and the process's peak memory by its end, in MB."""

    station: str
    seconds: float
    peak_mb: float


def bench(records: int) -> list[Timed]:
    """Walk a night over `records` rows made for size, without Prefect, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        place = Workspace(Path(folder) / "size")
        place.inbox.mkdir(parents=True)
        place.configuration.write_text(CONFIGURATION, encoding="utf-8")
        shutil.copyfile(workspace.shipped("default-journey.yaml"), place.journey)
        night.prepare(place, workspace.shipped("default-journey.yaml"))
        make(place.inbox / "survey.csv", records)
        with night.begin(place, (FIRST_DAY + dt.timedelta(days=DAYS)).isoformat()) as tonight:
            steps: dict[str, Callable[[], object]] = {
                "gather": lambda: tonight.gather("survey"),
                "understand": tonight.understand,
                "tell": tonight.tell,
                "publish": tonight.publish,
            }
            return [_timed(station, step) for station, step in steps.items()]


def make(path: Path, records: int, seed: int = 1) -> None:
    """Write a survey export of `records` rows: the sample's words again and again, with new ids, dates, scores and customers."""
    chance = random.Random(seed)  # noqa: S311
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for number, text in enumerate(itertools.islice(itertools.cycle(list(sample_words())), records), 1):
            day = FIRST_DAY + dt.timedelta(days=chance.randrange(DAYS))
            customer, region = f"M{chance.randrange(records // 3 + 1)}", chance.choice(("North", "Coast", "Valley", "City"))
            rows.writerow((f"size-{number:09d}", day.isoformat(), text, chance.randrange(11), customer, region, "true"))


def sample_words() -> Iterator[str]:
    """Every text of the sample's surveys and of its tickets' comments.

    Raises:
        Mend: the sample is not here; it comes with a checkout, not with an installed package.
    """
    inbox = workspace.shipped("sample", "inbox")
    if not inbox.is_dir():
        raise Mend(f"There is no sample in {inbox}; its words are needed to make rows for size. Run bench from a checkout.")
    for path in sorted(inbox.glob("survey*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield from (cell for name, cell in row.items() if name.endswith("comment") and cell)
    for line in (inbox / "tickets.jsonl").read_text(encoding="utf-8").splitlines():
        yield from (comment["body"] for comment in json.loads(line)["comments"] if comment.get("body"))


def _timed(station: str, step: Callable[[], object]) -> Timed:
    begun = time.perf_counter()
    step()
    seconds = time.perf_counter() - begun
    return Timed(station, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
