"""How long a night takes: makes a workspace of any size from the sample's own words, walks it, gives figures by station.

The rows serve for size only. They repeat the sample's texts under new ids and dates, say so in a column, and are
thrown away with their folder; nothing is ever told from them.
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
import multiprocessing
import random
import re
import resource
import shutil
import string
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from listening import journey, night, tagging, warehouse, workspace
from listening.publish import facts, reading, site
from listening.warnings import detector
from listening.workspace import Mend, Workspace

FIRST_DAY = dt.date(2025, 4, 1)
PLAIN = 5_000  # records for what is slow
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


@dataclass(frozen=True)
class Rate:
    """A way of tagging: how many records it took and for how long (on the clock, and of processors), and the peak memory of a process in MB."""

    way: str
    records: int
    seconds: float
    processor_seconds: float
    peak_mb: float


def bench_tagging(records: int) -> list[Rate]:
    """Tag rows made for size from Parquet to Parquet, by one process and by two, beside plain scikit-learn and an analyst's script."""
    ways: dict[str, tuple[Callable[[Path, int, int], tuple[float, float, float]], int, int]] = {
        "listening, one process": (_ours, records, 1),
        "listening, two processes": (_ours, records, 2),
        "plain scikit-learn, the same heads on words alone": (_scikit_learn, PLAIN, 1),
        "a script: .apply(VADER), stage and feeling of whole records": (_script, PLAIN, 1),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_parquet(folder / "records.parquet", records)
        tagging.fit(folder, journey.read(workspace.shipped("default-journey.yaml")))
        rates = []
        for way, (run, number, processes) in ways.items():
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:  # so that each has a peak memory of its own
                rates.append(Rate(way, number, *alone.submit(run, folder, number, processes).result()))
        return rates


def _ours(folder: Path, _: int, processes: int) -> tuple[float, float, float]:
    """Tag a Parquet file into three others; seconds, processor seconds, and peak memory."""
    ready = tagging.ready(folder, journey.read(workspace.shipped("default-journey.yaml")))
    used = _Used()
    tables = (pa.Table.from_batches([batch]) for batch in pq.ParquetFile(folder / "records.parquet").iter_batches(tagging.CHUNK))
    with ExitStack() as files:
        writers: dict[str, pq.ParquetWriter] = {}
        for tagged in tagging.tag_tables(ready, folder, tables, processes):
            for name, rows in vars(tagged).items():
                if name not in writers:
                    writers[name] = files.enter_context(pq.ParquetWriter(folder / f"{name}.parquet", rows.schema))
                writers[name].write_table(rows)
    return used.since()


def _scikit_learn(folder: Path, records: int, _: int) -> tuple[float, float, float]:
    plain = tagging.Plain(journey.read(workspace.shipped("default-journey.yaml")))
    used = _Used()
    plain.scikit_learn(_texts(folder, records)).to_parquet(folder / "plain.parquet")
    return used.since()


def _script(folder: Path, records: int, _: int) -> tuple[float, float, float]:
    plain = tagging.Plain(journey.read(workspace.shipped("default-journey.yaml")))
    used = _Used()
    plain.script(_texts(folder, records)).to_parquet(folder / "script.parquet")
    return used.since()


def _texts(folder: Path, records: int) -> list[str]:
    texts: list[str] = pq.read_table(folder / "records.parquet", columns=["text"])["text"].slice(0, records).to_pylist()
    return texts


class _Used:
    """What a process and its own have used since this was made."""

    def __init__(self) -> None:
        self._processors, self._begun = self._seconds(), time.perf_counter()

    def since(self) -> tuple[float, float, float]:
        """Seconds on the clock, of processors, and the peak memory of the largest process in MB."""
        peak = max(resource.getrusage(kind).ru_maxrss for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return time.perf_counter() - self._begun, self._seconds() - self._processors, peak / 1024

    def _seconds(self) -> float:
        usages = [resource.getrusage(kind) for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def make_parquet(path: Path, records: int, seed: int = 1) -> None:
    """Write records of about 250 characters: the sample's sentences in ever new company, every sixtieth word misspelt or made a number.

    So no record comes twice, and new words keep coming about as they do in real text (150,000 distinct ones in 200,000 records).
    """
    chance = random.Random(seed)  # noqa: S311
    parts = [part for text in sample_words() for part in re.split(r"(?<=[.!?])\s+", text) if part]
    schema = pa.schema([(name, pa.string()) for name in ("record_id", "text", "text_hash", "language", "given_stage", "given_touchpoint", "given")])
    with pq.ParquetWriter(path, schema) as file:
        for start in range(0, records, tagging.CHUNK):
            rows = [
                {"record_id": f"{number:016x}", "text": _varied(parts, chance), "language": "en"}
                for number in range(start, min(start + tagging.CHUNK, records))
            ]
            file.write_table(pa.Table.from_pylist(rows, schema))


def _varied(parts: list[str], chance: random.Random) -> str:
    said: list[str] = []
    while sum(map(len, said)) < 215:
        said += chance.choice(parts).split()
    for place in range(len(said)):
        if chance.random() < 1 / 60:
            word, cut = said[place], chance.randrange(len(said[place]) + 1)
            said[place] = str(chance.randrange(10**7)) if chance.random() < 0.3 else word[:cut] + chance.choice(string.ascii_lowercase) + word[cut:]
    return " ".join(said)


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


@dataclass(frozen=True)
class Watching:
    """How fast the early warning walks: a whole history at first, and one more night of the same series."""

    series: int
    nights: int
    seconds: float
    processor_seconds: float
    night_seconds: float

    @property
    def series_nights(self) -> float:
        """Series-nights a second of one processor, over the history."""
        return self.series * self.nights / self.processor_seconds


def bench_warnings(series: int = 2_000, nights: int = 365, seed: int = 1) -> Watching:
    """Walk made-up counts of so many series and nights, then one night more from the state that the history left."""
    chance = np.random.default_rng(seed)
    counts = chance.poisson(chance.gamma(2.0, 1.0, (series, 1)), (series, nights)).astype(float)
    ones, none = np.ones_like(counts), np.zeros(series, np.int64)
    seen = detector.Counted(counts, ones, ones, ones > 0, none > 0, none, 0)
    used = _Used()
    state = detector.watch(seen, detector.State.new(series), keep=nights - detector.LAG - 1).state
    seconds, processors, _ = used.since()
    since = nights - 2 * detector.LAG - 8
    late = detector.Counted(counts[:, since:], ones[:, since:], ones[:, since:], ones[:, since:] > 0, none > 0, none, since % 7)
    used = _Used()
    detector.watch(late, state.moved(since), nights - detector.LAG - since)
    return Watching(series, nights, seconds, processors, used.since()[0])


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
    """Render a workspace's published page, grown to so many stages of so many quarters by telling its fullest stages again.

    Everything is timed from the published tables to the last file: facts are gathered, charts drawn, comments paged.

    Raises:
        Mend: nothing has been published yet.
    """
    database = reading.database(place)
    used = _Used()
    with warehouse.reading(database) as published:
        told, comments = facts.gather(published, place.settings().company, database.parent.name), facts.comments(published)
    seconds, processors, _ = used.since()
    told, comments = _grown(told, comments, stages, periods)
    with tempfile.TemporaryDirectory() as folder:
        used = _Used()
        site.write(Path(folder) / "site", told, comments)
        more_seconds, more_processors, _ = used.since()
        sizes = [path.stat().st_size for path in Path(folder).rglob("*.html")]
    return Rendered(stages, periods, len(sizes), seconds + more_seconds, processors + more_processors, max(sizes) / 1000)


def _grown(told: facts.Facts, comments: facts.Comments, stages: int, periods: int) -> tuple[facts.Facts, facts.Comments]:
    """The same facts with more stages and quarters; the fullest stage comes most often."""
    fullest = sorted(told["stages"], key=lambda stage: -(stage["now"] or {"records": 0})["records"])[: max(1, len(told["stages"]) // 2)]
    grown: list[facts.Facts] = []
    said: facts.Comments = {}
    for number in range(1, stages + 1):
        stage = fullest[(number - 1) % len(fullest)]
        quarters = [story for story in stage["periods"] if story["period_kind"] == "quarter"]
        past = [quarters[back % len(quarters)] | {"period": f"{2030 - back // 4}-Q{4 - back % 4}"} for back in range(periods)] if quarters else []
        grown.append(stage | {"stage": f"made-{number}", "title": f"{stage['title']} {number}", "periods": past})
        said |= {(f"made-{number}", theme): rows for (of, theme), rows in comments.items() if of == stage["stage"]}
    return told | {"stages": grown}, said


def _timed(station: str, step: Callable[[], object]) -> Timed:
    begun = time.perf_counter()
    step()
    seconds = time.perf_counter() - begun
    return Timed(station, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
