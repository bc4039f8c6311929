"""What each source says of a stage, as one number that can be set beside the others: takes counts, gives readings for the balanced estimate.

A survey is read with each group of customers weighted by its number, tickets and failures as a rate among customers,
everything else by the words that people volunteer. Higher is better. Every source is a reading of its own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from listening.story import balance

SERIES = ["period_kind", "cut_by", "cut_value"]
PLACE = [*SERIES, "period", "stage"]
CONVERSATIONS = ("ticket", "chat", "call")


def read(counts: pd.DataFrame, answers: pd.DataFrame, customers: pd.DataFrame, failures: pd.DataFrame) -> pd.DataFrame:
    """Readings by series, stage, period and source; months have none.

    Args:
        counts: units by place and source, with trouble and great among them.
        answers: surveys' answers by cell, see `survey_answers`.
        customers: customers by place.
        failures: who passed through and who failed, by place and source of operations.
    """
    counts = counts[counts["period_kind"] != "month"]
    parts = [
        _of_surveys(answers),
        _of_conversations(counts[counts["kind"].isin(CONVERSATIONS)], customers),
        _of_words(counts[~counts["kind"].isin(("survey", *CONVERSATIONS))]),
        failures.assign(kind="operations", reading=balance.reading_of_rate(failures["failed"], failures["passed_through"])),
    ]
    columns = [*PLACE, "source", "kind", "reading"]
    found = pd.concat([part[columns] for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else pd.DataFrame(columns=columns)
    return found[found["reading"].notna()].reset_index(drop=True)


def survey_answers(counts: pd.DataFrame, known: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Each survey's answers by place and cell of customers, cells without an answer among them; of months there are none.

    Args:
        counts: units by place and source.
        known: survey answers of customers whose cell is known, by source and cell.
        cells: customers by place and cell.
    """
    counts = counts[(counts["kind"] == "survey") & (counts["period_kind"] != "month") & (counts["n"] > 0)]
    of_cells = counts[[*PLACE, "source"]].merge(cells[[*PLACE, "failed", "had_ticket", "customers"]].dropna(subset=["failed"]), on=PLACE)
    of_cells = of_cells.merge(known, on=[*PLACE, "source", "failed", "had_ticket"], how="left").rename(columns={"n": "answers"})
    placed = known.groupby([*PLACE, "source"], as_index=False)[["n", "trouble", "great"]].sum()
    unknown = counts.merge(placed, on=[*PLACE, "source"], how="left", suffixes=("", "_placed"))
    # a cut of customers may place more answers than name that cut themselves
    unknown["n"] = (unknown["n"] - unknown["n_placed"].fillna(0)).clip(lower=0)
    room = unknown["n"]
    for name in ("trouble", "great"):
        unknown[name] = (unknown[name] - unknown[f"{name}_placed"].fillna(0)).clip(0, room)
        room = room - unknown[name]
    unknown = unknown.rename(columns={"n": "answers"}).assign(failed=None, had_ticket=None, customers=0)
    rows = pd.concat([of_cells.astype(object), unknown.reindex(columns=of_cells.columns).astype(object)], ignore_index=True)
    return rows.astype(dict.fromkeys(("customers", "answers", "trouble", "great"), float)).fillna({"answers": 0, "trouble": 0, "great": 0})


def _of_surveys(answers: pd.DataFrame) -> pd.DataFrame:
    """The survey's net over customers' cells; answers of nobody known stand beside them."""
    if answers.empty:
        return answers
    place = answers.groupby(PLACE, sort=False).ngroup()
    found = balance.reading_of_survey(answers.drop(columns=PLACE).assign(stage=place, period=0))
    keys = answers[PLACE].assign(place=place).drop_duplicates("place")
    return keys.merge(found, left_on="place", right_on="stage", suffixes=("", "_of")).assign(kind="survey").rename(columns={"value": "reading"})


def _of_conversations(counts: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Tickets and the like as a rate among customers, none being a rate, too; where no customers are known, their words."""
    if counts.empty:
        return counts
    spoke = counts[[*SERIES, "period", "source", "kind"]].drop_duplicates()
    rates = spoke.merge(customers, on=[*SERIES, "period"]).merge(counts[[*PLACE, "source", "units"]], on=[*PLACE, "source"], how="left")
    rates["reading"] = balance.reading_of_rate(rates["units"].fillna(0), rates["customers"])
    rated = rates[["period_kind", "cut_by", "cut_value", "source"]].drop_duplicates()
    words = counts.merge(rated, on=[*SERIES, "source"], how="left", indicator=True)
    return pd.concat([rates, _of_words(words[words["_merge"] == "left_only"])], ignore_index=True)


def _of_words(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.assign(reading=np.asarray(balance.reading_of_words(counts["great"], counts["trouble"])))
