"""Shares read from words, corrected for the classifier's errors: takes texts as read and as labelled, gives each share and what it is worth.

A text is misread in two ways: its stage, and what it tells (of an expectation, of effort, of a moment). Random labels of
the same texts tell both. They can do so for texts that count by themselves; conversations, sources with too few labels
and texts whose stage the source gives stay as they were read, and may be no more than a tenth of what is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from listening.story import shares
from listening.story.feedback import KEY

MOST_AS_READ = 0.1  # of what a share is of may be in texts without labels enough
LEAST_TELLING = 30  # random labels that tell of the matter at all
PERIOD = ["period_kind", "period"]
NOTHING = "nothing"
KINDS = {
    "expectation": ("below", "met", "exceeded", NOTHING),
    "effort": ("high", "low", NOTHING),
    "memorable": ("1", "-1", NOTHING),
}


class Told(NamedTuple):
    """A share of texts by what they tell: the tag, of which texts, the kinds that hit and those that they are a share of."""

    tag: str
    domain: str  # all, or kept: texts of customers for whom no measure failed
    hits: tuple[str, ...]
    of: tuple[str, ...]


_EXPECTED = ("below", "met", "exceeded")
CORRECTED: dict[str, Told] = {
    "expectation_below_of_feedback": Told("expectation", "all", ("below",), _EXPECTED),
    "expectation_met_of_feedback": Told("expectation", "all", ("met",), _EXPECTED),
    "expectation_exceeded_of_feedback": Told("expectation", "all", ("exceeded",), _EXPECTED),
    "expectation_below_of_kept_feedback": Told("expectation", "kept", ("below",), _EXPECTED),
    "effort_of_feedback": Told("effort", "all", ("high",), ("high", "low")),
    "memorable_good_of_feedback": Told("memorable", "all", ("1",), KINDS["memorable"]),
    "memorable_bad_of_feedback": Told("memorable", "all", ("-1",), KINDS["memorable"]),
}
COLUMNS = [*KEY, "measure", "value", "worth", "labels"]


def correct(read: pd.DataFrame, counts: pd.DataFrame, columns: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """Correct the shares of all customers' feedback by stage and period, where labels are enough.

    Args:
        read: texts that count by themselves, by period, `source`, `domain`, `tag`, `predicted` stage and `predicted_kind`, the
            stage where they are counted (`placed`, null allowed), and `true` stage and `true_kind` where a random label tells: `n`.
        counts: by stage, period and cut, everything that is counted.
        columns: of each measure, the columns of `counts` that hold its hits and its denominator.

    Returns:
        `measure`, `value`, `worth` (so many answers without any error would tell as well) and `labels`, by stage and period.
    """
    whole = counts[counts["cut_by"] == "all"]
    by = {key: rows.set_index("stage") for key, rows in whole.groupby(PERIOD)}
    parts = []
    for key, texts in read.groupby([*PERIOD, "domain", "tag"]):
        kind, period, domain, tag = (str(name) for name in key)
        if (kind, period) in by:
            told = {name: columns[name] for name, what in CORRECTED.items() if (what.tag, what.domain) == (tag, domain)}
            parts += [rows.assign(period_kind=kind, period=period, cut_by="all", cut_value="all") for rows in _of_period(texts, by[kind, period], told)]
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)


def _of_period(texts: pd.DataFrame, counts: pd.DataFrame, columns: Mapping[str, tuple[str, str]]) -> Iterator[pd.DataFrame]:
    """The shares of one tag in one period, over the sources with labels enough."""
    labelled = texts.dropna(subset=["true", "true_kind"])
    number = labelled.groupby("source")["n"].sum()
    sources = sorted(number.index[number >= shares.ENOUGH_WITHIN])
    texts, labelled = texts[texts["source"].isin(sources)], labelled[labelled["source"].isin(sources)]
    if labelled.loc[labelled["true_kind"] != NOTHING, "n"].sum() < LEAST_TELLING:
        return
    stages = sorted({*texts["predicted"], *labelled["true"]})
    for name, (hits, of) in columns.items():
        what = CORRECTED[name]
        predicted = _table(texts, {"source": sources, "predicted": stages, "predicted_kind": KINDS[what.tag]})
        labels = _table(labelled, {"source": sources, "predicted": stages, "predicted_kind": KINDS[what.tag], "true": stages, "true_kind": KINDS[what.tag]})
        here = counts.reindex(stages)[[hits, of]].fillna(0).to_numpy(float)
        within = np.stack([_placed(texts, kinds, stages) for kinds in (what.hits, what.of)], axis=1)
        rest = np.maximum(here - within, 0)
        hit, told = ([KINDS[what.tag].index(kind) for kind in kinds] for kinds in (what.hits, what.of))
        value, size, variance = shares.corrected_within(predicted, labels, hit, told, rest)
        worth = shares.worth_of(value, variance + value * (1 - value) / size)
        rows = pd.DataFrame({"stage": stages, "measure": name, "value": value, "worth": worth, "labels": int(labelled["n"].sum())})
        yield rows[(here[:, 1] > 0) & (rest[:, 1] <= MOST_AS_READ * here[:, 1]) & np.isfinite(value * worth) & (worth > 0)]


def _placed(texts: pd.DataFrame, kinds: tuple[str, ...], stages: list[str]) -> shares.Floats:
    """How many texts of these kinds are counted at each stage, as they were read."""
    of_kinds = texts[texts["predicted_kind"].isin(kinds)]
    return of_kinds.groupby("placed")["n"].sum().reindex(stages).fillna(0).to_numpy(float)


def _table(texts: pd.DataFrame, axes: Mapping[str, list[str] | tuple[str, ...]]) -> shares.Floats:
    """Counts of texts by some columns, each an axis with its values in the given order."""
    table = np.zeros([len(values) for values in axes.values()])
    places = tuple(pd.Index(values).get_indexer(pd.Index(texts[name])) for name, values in axes.items())
    np.add.at(table, places, texts["n"].to_numpy(float))
    return table
