"""The bench walks real nights of a company made for size, prints what each station used, and sets others beside it. No time is judged here."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from listening import bench
from listening.bench import words
from listening.bench.company import Company
from listening.bench.rates import alone
from listening.cli import app
from listening.cli.terminal import out
from listening.meter import Meter, Used

STATIONS = ["landing", "records", "tagging", "themes", "signals", "warnings", "story", "growth", "leading", "publish", "around"]


@pytest.mark.usefixtures("fits_by_copying")
def test_new_records_on_a_history_are_timed_by_station_beside_a_night_with_one_and_beside_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(out, "width", 160)
    printed = CliRunner().invoke(app, ["bench", "--records", "40", "--history", "200"])
    assert printed.exit_code == 0, printed.output
    lines = [line.split("│")[0].strip() for line in printed.output.splitlines()]
    nights = [lines.index(line) for line in lines if line.startswith(("First night: 200 records", "One new record: 1 record", "New records: 40 records"))]
    assert len(nights) == 3
    for begins in nights:
        table = lines[begins : lines.index("all", begins) + 1]
        assert [line for line in table if line in (*STATIONS, "all")] == [*STATIONS, "all"]
    assert sum(line.startswith("A night of one record aside, 40 new records took") for line in lines) == 2
    assert any(line.startswith("a script: .apply(VADER)") for line in lines)


def test_its_figures_are_given_as_json_for_the_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_night(folder: Path, *_: int) -> Iterator[bench.Walked]:
        (folder / "inbox").mkdir(parents=True)
        (folder / "inbox" / "survey-1.csv").touch()
        yield bench.Walked("first night", 40, {"landing": Used(1.0, 2.0, 3.0)}, 4.0, 5.0, 6.0)

    monkeypatch.setattr(bench, "nights", one_night)
    monkeypatch.setattr(bench, "beside", lambda _: [bench.Rate("a script", 16, 1.0, 1.0, 1.0)])
    told = json.loads(CliRunner().invoke(app, ["bench", "--records", "40", "--json"]).stdout)
    assert told["nights"][0]["stations"] == {"landing": {"seconds": 1.0, "processor_seconds": 2.0, "peak_mb": 3.0}}
    assert [rate["records"] for rate in told["peers"]] == [16]


@pytest.mark.usefixtures("fits_by_copying")
def test_a_company_says_as_much_as_asked_of_the_days_asked_and_never_the_same_twice(tmp_path: Path) -> None:
    company = Company(tmp_path / "company", 50)
    company.speak(200, dt.date(2026, 6, 24), 10)
    survey, reviews = (pd.read_csv(next(company.place.inbox.glob(f"{source}-*.csv"))) for source in ("survey", "reviews"))
    chat = pd.read_parquet(next(company.place.inbox.glob("chat-*.parquet")))
    tickets = pd.read_json(next(company.place.inbox.glob("tickets-*.jsonl")), lines=True)
    said = pd.concat([survey, reviews, chat, tickets.astype({"said_at": str})])
    assert len(said) == 200
    assert said["text"].is_unique
    assert said["said_at"].str[:10].between("2026-06-15", "2026-06-24").all()


def test_texts_made_for_size_are_the_same_for_the_same_seed_and_about_as_long_as_said() -> None:
    some, again, others = (list(itertools.islice(words.texts(seed), 200)) for seed in (1, 1, 2))
    assert some == again != others
    assert 220 < sum(map(len, some)) / len(some) < 300


def test_work_alone_gives_its_result_with_the_memory_that_it_had() -> None:
    result, peak = alone(_hold, 200)
    assert result == 200
    assert peak > 200


def _hold(megabytes: int) -> int:
    held = bytearray(b"x") * (megabytes * 2**20)
    time.sleep(0.5)  # longer than the bench looks away
    return len(held) // 2**20


def test_a_meter_adds_up_stretches_of_one_name_also_of_work_that_fails() -> None:
    meter = Meter()
    with meter("work"):
        sum(range(10**5))
    before = meter.used["work"].seconds
    with pytest.raises(ZeroDivisionError), meter("work"):
        sum(range(10**5)) / 0
    assert meter.used["work"].seconds > before
    assert meter.used["work"].peak_mb > 1


def test_the_early_warning_is_timed_alone() -> None:
    watched = bench.bench_warnings(series=20, nights=60)
    assert watched.series_nights > 0
