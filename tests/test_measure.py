"""The measure of tags says aloud when there is nothing to measure on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.measure import __main__ as measure


def test_without_the_collections_nothing_is_measured_and_this_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["measure", "zero", "--folder", str(tmp_path)])
    assert measure.main() == 2
    assert capsys.readouterr().err.startswith(f"Skipped: {tmp_path} does not hold stage/banking77")


def test_a_draw_labels_so_many_of_each_stage_and_at_most_half_of_it() -> None:
    truth = pd.Series(["pay"] * 40 + ["use"] * 10, index=[f"t{number}" for number in range(50)])
    chosen = truth[measure._draw(truth, 8, draw=0)]
    assert chosen.value_counts().to_dict() == {"pay": 8, "use": 5}
    assert len(measure._draw(truth, 0, draw=0)) == 40


def test_macro_f1_leaves_rare_classes_out_and_takes_what_made_no_record_for_none() -> None:
    truth = pd.Series(["pay"] * 10 + ["none"] * 10 + ["leave"], index=[f"t{number}" for number in range(21)])
    tags = pd.DataFrame({"stage_guess": ["pay"] * 10, "stage_confidence": [0.9] * 10}, index=truth.index[:10])
    assert measure._show("title", tags, truth) == pytest.approx((1 + 20 / 21) / 2)
