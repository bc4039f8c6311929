"""The labelled texts of other companies: takes the folder that holds them, gives each collection's ids, texts and what its own labels say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

BLIND = Path(__file__).with_name("blind.csv")
FOLDER = Path(__file__).parents[3] / "shared" / "data"
STAGES = {
    "banking77": "stage/banking77_train_stage.csv.gz",
    "clinc150": "stage/clinc150_train_stage.csv.gz",
    "multidogo": "stage/multidogo_train_stage.csv.gz",
    "ambulance": "survey/nhs_fft_neas.csv.gz",
    "complaints": "tickets/cfpb_complaints_general.csv.gz",
}
FEELINGS = {"ambulance": STAGES["ambulance"], "lounges": "reviews/skytrax_lounge_reviews.csv.gz"}
_FEELING_OF_RATING = {"1.0": 1, "2.0": 1, "3.0": 0, "4.0": -1, "5.0": -1}


@dataclass(frozen=True)
class Collection:
    """Texts by id, and the truth by id for those that have one."""

    name: str
    texts: pd.Series
    truth: pd.Series


def of_stages(folder: Path, name: str) -> Collection:
    """All texts of a collection; the truth is the stage that its own labels were mapped to."""
    rows = _rows(folder / STAGES[name])
    return Collection(name, rows["text"], rows["stage"][rows["stage"] != ""])


def of_feelings(folder: Path, name: str) -> Collection:
    """All texts of a collection; the truth is -1, 0 or 1.

    Of lounges only praise and complaint are known (recommended or not); an answer that was not given has no feeling.
    """
    rows = _rows(folder / FEELINGS[name])
    if name == "lounges":
        rows = rows[rows["overall_rating"] != ""]
        return Collection(name, rows["content"], rows["recommended"].map({"1": 1, "0": -1}).dropna())
    is_answer = ~rows["text"].str.lower().str.contains("did not answer")
    return Collection(name, rows["text"], rows["comment_sentiment"][is_answer].map(_FEELING_OF_RATING).dropna())


def of_tags() -> pd.DataFrame:
    """Remarks written and labelled for examining all tags, by somebody who had seen neither the starter labels nor any tag; no model is fitted on them."""
    return pd.read_csv(BLIND, dtype=str, keep_default_na=False, index_col="id")


def _rows(path: Path) -> pd.DataFrame:
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    return rows.set_axis([f"t{number}" for number in range(len(rows))])
