"""Draws the plots of docs/performance.md: takes what `listening bench --json` gave (`measured.json`, a list of runs), gives SVG files beside it."""

from __future__ import annotations

import json
from pathlib import Path

import altair as alt
import pandas as pd
import vl_convert

HERE = Path(__file__).parent
STATIONS = ["landing", "records", "tagging", "themes", "signals", "warnings", "story", "growth", "leading", "publish", "around"]


def main() -> None:
    """Draw both plots anew."""
    runs = json.loads((HERE / "measured.json").read_text(encoding="utf-8"))
    first = pd.DataFrame([_row(station, used, run["nights"][0]["records"]) for run in runs for station, used in run["nights"][0]["stations"].items()])
    _save("records", _bars(first, "records of a first night", "processor seconds"))
    new = pd.DataFrame([row for run in runs if len(run["nights"]) == 3 for row in _beyond(*run["nights"])])
    _save("history", _bars(new, "new records, on how many before", "processor seconds beyond a night with one record"))


def _row(station: str, used: dict[str, float], records: int, new: int | None = None) -> dict[str, object]:
    told = f"{new:,} on {records:,}" if new else f"{records:,}"
    return {"station": station, "order": STATIONS.index(station), "records": told, "size": records, "seconds": used["processor_seconds"]}


def _beyond(first: dict, one: dict, more: dict) -> list[dict[str, object]]:
    """What new records cost beyond a night with one, by station."""
    cost = {name: max(used["processor_seconds"] - one["stations"][name]["processor_seconds"], 0.0) for name, used in more["stations"].items()}
    return [_row(name, {"processor_seconds": seconds}, first["records"], more["records"]) for name, seconds in cost.items()]


def _bars(rows: pd.DataFrame, x: str, y: str) -> alt.Chart:
    sizes = rows.drop_duplicates("records").sort_values("size")["records"].tolist()
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("records:N", sort=sizes, title=x, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("seconds:Q", title=y),
            color=alt.Color("station:N", sort=STATIONS, scale=alt.Scale(scheme="tableau10"), title=None),
            order="order:Q",
        )
        .properties(width=420, height=280)
    )


def _save(name: str, chart: alt.Chart) -> None:
    svg = vl_convert.vegalite_to_svg(chart.configure(background="white", font="sans-serif").to_dict())
    (HERE / f"{name}.svg").write_text(svg + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
