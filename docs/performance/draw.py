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
    nights = [run["nights"][0] for run in runs]
    costs = [
        (station, 1000 * used["processor_seconds"] / night["records"], night["records"]) for night in nights for station, used in night["stations"].items()
    ]
    first = pd.DataFrame([_row(*cost) for cost in costs])
    _save("records", _bars(first, "records of a first night", "processor milliseconds a record"))
    new = pd.DataFrame([row for run in runs if len(run["nights"]) == 3 for row in _beyond(*run["nights"])])
    _save("history", _bars(new, "new records, on how many before", "processor seconds beyond a night with one record"))


def _row(station: str, cost: float, records: int, new: int | None = None) -> dict[str, object]:
    told = f"{new:,} on {records:,}" if new else f"{records:,}"
    return {"station": station, "order": STATIONS.index(station), "records": told, "size": records, "cost": cost}


def _beyond(first: dict, one: dict, more: dict) -> list[dict[str, object]]:
    """What new records cost beyond a night with one, by station."""
    cost = {name: max(used["processor_seconds"] - one["stations"][name]["processor_seconds"], 0.0) for name, used in more["stations"].items()}
    return [_row(name, seconds, first["records"], more["records"]) for name, seconds in cost.items()]


def _bars(rows: pd.DataFrame, x: str, y: str) -> alt.Chart:
    sizes = rows.drop_duplicates("records").sort_values("size")["records"].tolist()
    return (
        alt.Chart(rows)
        .mark_bar()
        .encode(
            x=alt.X("records:N", sort=sizes, title=x, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("cost:Q", title=y),
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
