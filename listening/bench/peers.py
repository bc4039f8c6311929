"""What others do with the same file: takes a survey's export, gives the rates of an analyst's script, plain scikit-learn, and dlt where it is installed."""

from __future__ import annotations

import importlib
import importlib.util
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from listening import journey, tagging, workspace
from listening.bench.rates import Rate, alone
from listening.meter import Meter, Used

SCRIPT = "a script: .apply(VADER), stage by scikit-learn, means by stage and month"
PLAIN = "plain scikit-learn: all heads, of texts and sentences"
MOST = 5_000  # records; what is slow is timed on so many
LOADING = "dlt: loading into DuckDB, no more"


def beside(export: Path) -> list[Rate]:
    """Each peer in a process of its own, on one CSV file with the columns said_at and text."""
    ways: dict[str, Callable[[Path, Path], tuple[int, Used]]] = {SCRIPT: _script, PLAIN: _scikit_learn}
    if importlib.util.find_spec("dlt"):
        ways[LOADING] = _dlt
    rates = []
    with tempfile.TemporaryDirectory() as folder:
        for way, work in ways.items():
            (records, used), peak = alone(work, export, Path(folder))
            rates.append(Rate(way, records, used.seconds, used.processor_seconds, peak))
    return rates


def _script(export: Path, folder: Path) -> tuple[int, Used]:
    """What an analyst writes: two tags of whole texts, and the table by stage."""
    plain, meter = tagging.Plain(journey.read(workspace.shipped("default-journey.yaml"))), Meter()
    with meter("script"):
        frame = pd.read_csv(export, nrows=MOST, parse_dates=["said_at"])
        tags = plain.script(frame["text"].tolist())
        table = tags.assign(month=frame["said_at"].dt.strftime("%Y-%m")).groupby(["stage", "month"])["vader"].agg(["mean", "size"])
        table.reset_index().to_csv(folder / "by-stage.csv", index=False)
    return len(frame), meter.used["script"]


def _scikit_learn(export: Path, folder: Path) -> tuple[int, Used]:
    """All heads by scikit-learn itself, in batches, and the table of tags."""
    plain, meter = tagging.Plain(journey.read(workspace.shipped("default-journey.yaml"))), Meter()
    with meter("scikit-learn"):
        frame = pd.read_csv(export, nrows=MOST)
        plain.scikit_learn(frame["text"].tolist()).to_parquet(folder / "plain.parquet")
    return len(frame), meter.used["scikit-learn"]


def _dlt(export: Path, folder: Path) -> tuple[int, Used]:
    """The rows of the file merged into a DuckDB table by their id, as dlt's own documentation does it."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"  # of this process alone, before dlt looks
    dlt, meter = importlib.import_module("dlt"), Meter()
    with meter("dlt"):
        rows = pd.read_csv(export, nrows=MOST).to_dict("records")
        pipeline = dlt.pipeline("size", pipelines_dir=str(folder), destination=dlt.destinations.duckdb(str(folder / "dlt.duckdb")), dataset_name="landed")
        pipeline.run(rows, table_name="survey", primary_key="id", write_disposition="merge")
    return len(rows), meter.used["dlt"]
