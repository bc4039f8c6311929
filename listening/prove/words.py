"""Measures read from words in simulated worlds: takes how many, gives how near the corrected ones come to the truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from listening import intervals
from listening.prove import worlds
from listening.prove.figures import QUICK, Figure, Floats, Run, by_world, mean, ratio
from listening.prove.shares import PREDICTED_RIGHT, TEXTS
from listening.story import corrections

CASES: dict[str, dict[str, Any]] = {
    "measures of words, one source, 300 labels": {},
    "measures of words, one source, 200 labels, mostly misread": {"labels": 200, "false": 0.2},
    "measures of words, one source, 400 labels, seldom told": {"labels": 400, "often": (0.02, 0.1)},
    "measures of words, three sources, 200 labels each": {"sources": 3, "labels": 200},
    "measures of words, six sources, 200 labels each": {"sources": 6, "labels": 200},
}
EXPECTATION = corrections.KINDS["expectation"]
AS_MOMENTS = {"below": "-1", "met": "1", "exceeded": "1"}  # the same texts, as if what they tell were moments: a share of all words
MEASURES = {
    "expectation_below_of_feedback": ("below", "expectation"),
    "expectation_exceeded_of_feedback": ("exceeded", "expectation"),
    "memorable_bad_of_feedback": ("below", "worded"),
}


def figures(run: Run) -> Iterator[Figure]:
    """All figures of the measures."""
    for about, world in CASES.items():
        run.progress(f"{about}, corrected for the classifier's errors")
        told = pd.concat([_told(seed, **world) for seed in range(max(run.worlds // 3, 2 * QUICK))])
        for name, rows in told.set_index("world").groupby("measure"):
            own, naive = (by_world((rows[column] - rows["truth"]) ** 2) for column in ("value", "as_read"))
            yield run.figure(about, f"error of {name} against the uncorrected", ratio(own, naive), most=1.0)
            yield run.figure(about, f"90 % intervals of {name} that hold", mean(by_world(rows["holds"])), 0.84, 0.96)


def _told(
    seed: int, sources: int = 1, labels: int = 300, often: tuple[float, float] = (0.05, 0.3), recall: float = 0.4, false: float = 0.05
) -> pd.DataFrame:  # fmt: skip
    """What is published of one period's words, beside the rates by which they came about; texts are misread by stage and by what they tell.

    Args:
        seed: of the world.
        sources: with 3000 texts each, which differ in stages and in how these are misread.
        labels: random ones of each source.
        often: between which shares of a stage's texts tell of an expectation.
        recall: share of these that are read so, roughly.
        false: share of the others that are read as if they told of one; between half and twice as many by stage.
    """
    rng = np.random.default_rng([seed, 6])
    n = len(worlds.STAGES)
    tells, kind_of = rng.uniform(*often, n)[:, None], rng.dirichlet([3, 1.5, 1.5], n)
    as_read = _misreading(rng, recall, false, n)
    texts = pd.concat([_texts(rng, np.hstack([kind_of * tells, 1 - tells]), as_read, labels).assign(source=f"s{number}") for number in range(sources)])
    counts = pd.crosstab(texts["predicted"], texts["predicted_kind"]).reindex(columns=list(EXPECTATION), fill_value=0).rename_axis("stage").reset_index()
    period = {"period_kind": "quarter", "period": "now"}
    counts = counts.assign(
        **period, cut_by="all", cut_value="all", expectation=counts[list(AS_MOMENTS)].sum(axis=1), worded=counts[list(EXPECTATION)].sum(axis=1)
    )
    moments = texts.assign(tag="memorable", **{name: texts[name].replace(AS_MOMENTS) for name in ("predicted_kind", "true_kind")})
    read = pd.concat([texts.assign(tag="expectation"), moments]).assign(**period, domain="all", n=1)
    found = corrections.correct(read, counts, dict.fromkeys(corrections.CORRECTED, ("met", "expectation")) | MEASURES)
    found = found[found["measure"].isin(list(MEASURES))].merge(counts, on="stage")
    of = {name: kind_of[:, EXPECTATION.index(hits)] * (tells[:, 0] if whole == "worded" else 1) for name, (hits, whole) in MEASURES.items()}
    found["truth"] = [of[name][worlds.STAGES.index(stage)] for name, stage in zip(found["measure"], found["stage"], strict=True)]
    found["as_read"] = [row[MEASURES[row["measure"]][0]] / row[MEASURES[row["measure"]][1]] for _, row in found.iterrows()]
    _, low, high = intervals.share(found["value"] * found["worth"], found["worth"])
    return found.assign(holds=(low <= found["truth"]) & (found["truth"] <= high), world=seed)


def _misreading(rng: np.random.Generator, recall: float, false: float, n_stages: int) -> Floats:
    """How likely each kind of text is read as each, by stage: stages × true × predicted."""
    table = np.zeros((n_stages, 4, 4))
    for kind in range(3):
        table[:, kind, :3] = np.insert(0.07 * rng.dirichlet(np.ones(2)), kind, recall * rng.uniform(0.5, 1.5))
    table[:, 3, :3] = rng.uniform(0.5, 2, n_stages)[:, None] * false * rng.dirichlet(np.ones(3))
    table[:, :, 3] = 1 - table[:, :, :3].sum(axis=2)
    return table


def _texts(rng: np.random.Generator, rates: Floats, as_read: Floats, labels: int) -> pd.DataFrame:
    """A source's texts as they are and as they are read, some of them labelled."""
    n, kinds, names = len(rates), np.array(EXPECTATION, dtype=object), np.array(worlds.STAGES, dtype=object)
    confusion = np.array([PREDICTED_RIGHT * (np.arange(n) == stage) + (1 - PREDICTED_RIGHT) * rng.dirichlet(np.ones(n)) for stage in range(n)])
    true = rng.choice(n, TEXTS, p=rng.dirichlet(np.full(n, 2.0)))
    kind = _drawn(rng, rates[true])
    predicted, predicted_kind = _drawn(rng, confusion[true]), _drawn(rng, as_read[true, kind])
    is_labelled = rng.permutation(TEXTS) < labels
    read = {"predicted": names[predicted], "placed": names[predicted], "predicted_kind": kinds[predicted_kind]}
    truth = pd.DataFrame({"true": names[true], "true_kind": kinds[kind]})[is_labelled]
    return pd.DataFrame(read).join(truth)


def _drawn(rng: np.random.Generator, chances: Floats) -> NDArray[np.int64]:
    """One place of each row, by its chances."""
    return np.asarray((rng.random((len(chances), 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(max=chances.shape[1] - 1))
