"""Tagging alone: takes a number of records, gives how fast they are tagged from Parquet to Parquet, beside plain scikit-learn and an analyst's script."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from listening import journey, tagging, workspace
from listening.bench import words
from listening.bench.rates import Rate, alone
from listening.meter import Meter, Used

PLAIN = 5_000  # records for what is slow
SCHEMA = pa.schema([(name, pa.string()) for name in ("record_id", "text", "text_hash", "language", "given_stage", "given_touchpoint", "given")])


def bench_tagging(records: int) -> list[Rate]:
    """Tag rows made for size from Parquet to Parquet, by one process and by two, beside plain scikit-learn and an analyst's script."""
    ways: dict[str, tuple[Callable[[Path, int, int], Used], int, int]] = {
        "listening, one process": (_ours, records, 1),
        "listening, two processes": (_ours, records, 2),
        "plain scikit-learn, the same heads on words alone": (_scikit_learn, PLAIN, 1),
        "a script: .apply(VADER), stage and feeling of whole records": (_script, PLAIN, 1),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make(folder / "records.parquet", records)
        tagging.fit(folder, journey.read(workspace.shipped("default-journey.yaml")))
        rates = []
        for way, (run, number, processes) in ways.items():
            used, peak = alone(run, folder, number, processes)
            rates.append(Rate(way, number, used.seconds, used.processor_seconds, peak))
        return rates


def _ours(folder: Path, _: int, processes: int) -> Used:
    """Tag a Parquet file into three others."""
    ready = tagging.ready(folder, journey.read(workspace.shipped("default-journey.yaml")))
    meter = Meter()
    with meter("tagging"), ExitStack() as files:
        tables = (pa.Table.from_batches([batch]) for batch in pq.ParquetFile(folder / "records.parquet").iter_batches(tagging.CHUNK))
        writers: dict[str, pq.ParquetWriter] = {}
        for tagged in tagging.tag_tables(ready, folder, tables, processes):
            for name, rows in tagged.items():
                if name not in writers:
                    writers[name] = files.enter_context(pq.ParquetWriter(folder / f"{name}.parquet", rows.schema))
                writers[name].write_table(rows)
    return meter.used["tagging"]


def _scikit_learn(folder: Path, records: int, _: int) -> Used:
    plain, meter = tagging.Plain(journey.read(workspace.shipped("default-journey.yaml"))), Meter()
    with meter("tagging"):
        plain.scikit_learn(_texts(folder, records)).to_parquet(folder / "plain.parquet")
    return meter.used["tagging"]


def _script(folder: Path, records: int, _: int) -> Used:
    plain, meter = tagging.Plain(journey.read(workspace.shipped("default-journey.yaml"))), Meter()
    with meter("tagging"):
        plain.script(_texts(folder, records)).to_parquet(folder / "script.parquet")
    return meter.used["tagging"]


def _texts(folder: Path, records: int) -> list[str]:
    texts: list[str] = pq.read_table(folder / "records.parquet", columns=["text"])["text"].slice(0, records).to_pylist()
    return texts


def _make(path: Path, records: int) -> None:
    texts = words.texts()
    with pq.ParquetWriter(path, SCHEMA) as file:
        for start in range(0, records, tagging.CHUNK):
            said = itertools.islice(texts, min(tagging.CHUNK, records - start))
            rows = [{"record_id": f"{number:016x}", "text": text, "language": "en"} for number, text in enumerate(said, start)]
            file.write_table(pa.Table.from_pylist(rows, SCHEMA))
