"""The estimators on simulated worlds with known truth: takes how many worlds, gives each figure beside its target.

Worlds come from listening/worlds.py. Targets are those that the method was chosen for (docs/method.md). A figure from
few worlds is let off by two of its standard errors, so that chance alone seldom fails it; with all worlds it must stand
on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from listening import worlds
from listening.story import balance, corrections, gap, intervals, shares
from listening.worlds import Family

Floats = NDArray[np.float64]

WORLDS = 300
QUICK = 24
CHECKINS = 30  # answered in a stage and quarter, unless said otherwise
FEWER = (15, 8)
LAST = worlds.QUARTERS - 1
FAMILIES = (
    Family(),
    Family("stages alike", spread=0.28),
    Family("stages far apart", spread=1.4),
    Family("mostly unhappy customers", middle=-0.8),
    Family("mostly happy", middle=0.8),
    Family("fast changes", drift=0.4),
    Family("heavy tails", shape="heavy tails"),
    Family("a fifth in deep trouble", shape="mixture"),
    Family("skewed downwards", shape="skewed"),
    Family("survey barely tells anything", survey_tells=0.2),
    Family("failures barely tell anything", flags_tell=0.4),
    Family("stages answer check-ins differently", answer_slopes_differ=0.1),
)


@dataclass(frozen=True)
class Figure:
    """One figure: what it is of, what was measured with its standard error, between what it should lie, whether it does."""

    about: str
    what: str
    measured: float
    error: float
    target: str
    passed: bool


@dataclass(frozen=True)
class _Run:
    """How many worlds there are, and how many standard errors a figure is let off."""

    worlds: int
    let_off: float
    progress: Callable[[str], None]

    def figure(self, about: str, what: str, measure: tuple[float, float], least: float = -np.inf, most: float = np.inf) -> Figure:
        value, error = measure
        passed = least - self.let_off * error <= value <= most + self.let_off * error
        target = f"{least:g} … {most:g}" if np.isfinite(least) and np.isfinite(most) else f"at least {least:g}" if np.isfinite(least) else f"at most {most:g}"
        return Figure(about, what, round(value, 3), round(error, 3), target, bool(passed))


def measure(n_worlds: int = WORLDS, is_quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> list[Figure]:
    """Measure all figures.

    Args:
        n_worlds: of the kind as designed; a third as many of each other kind.
        is_quick: fewer worlds, for a test that runs often.
        progress: told what is being measured.
    """
    run = _Run(QUICK, 2.0, progress) if is_quick else _Run(n_worlds, 0.0 if n_worlds >= WORLDS else 2.0, progress)
    parts = (_of_shares, _of_measures, _of_the_story, _of_fewer_checkins, _of_none, _of_silence, _of_broken_sources, _of_families, _of_the_gap)
    return [figure for part in parts for figure in part(run)]


def _of_shares(run: _Run) -> Iterator[Figure]:
    run.progress("shares of stages, corrected for the classifier's errors")
    for about, has_drifted in (("shares, 200 labels", False), ("shares, 200 labels, classifier drifted", True)):
        told = [_shares_of(seed, has_drifted) for seed in range(max(run.worlds, 4 * QUICK))]
        own, naive, covered, negative, negative_naive, negative_covered = (np.array(column) for column in zip(*told, strict=True))
        yield run.figure(about, "error of a stage's share, points", _root(own), most=2.0)
        yield run.figure(about, "… against counting what was predicted", _ratio(own, naive), most=0.6 if not has_drifted else 0.65)
        yield run.figure(about, "90 % intervals that hold", _mean(covered), 0.86, 0.94)
        yield run.figure(about, "error of the negative share within a stage, against counting", _ratio(negative, negative_naive), most=1.0)
        yield run.figure(about, "90 % intervals of it that hold", _mean(negative_covered), 0.84, 0.97)


TEXTS, LABELS, PREDICTED_RIGHT, SENTIMENT_RIGHT = 3000, 200, 0.72, 0.80


def _shares_of(seed: int, has_drifted: bool) -> tuple[float, ...]:
    """Squared errors (points) and coverage of one source whose stages are read by a classifier that errs."""
    rng = np.random.default_rng([seed, 4])
    n = len(worlds.STAGES)
    truth = rng.dirichlet(np.full(n, 2.0))
    confusion = np.array([PREDICTED_RIGHT * (np.arange(n) == stage) + (1 - PREDICTED_RIGHT) * rng.dirichlet(np.ones(n)) for stage in range(n)])
    if has_drifted:
        confusion = 0.85 * confusion + 0.15 * rng.dirichlet(np.ones(n), size=n)
    true = rng.choice(n, TEXTS, p=truth)
    predicted = _drawn(rng, confusion[true])
    negative = rng.random(TEXTS) < rng.uniform(0.2, 0.8, n)[true]
    said_negative = negative == (rng.random(TEXTS) < SENTIMENT_RIGHT)
    labelled = rng.choice(TEXTS, LABELS, replace=False)
    table = np.zeros((n, 2, n, 2))
    np.add.at(table, (predicted[labelled], 1 - said_negative[labelled], true[labelled], 1 - negative[labelled]), 1)
    counts = np.zeros((n, 2))
    np.add.at(counts, (predicted, 1 - said_negative), 1)
    stages, actual = np.bincount(true, minlength=n) / TEXTS, np.bincount(true, negative, n) / np.maximum(np.bincount(true, minlength=n), 1)
    value, variance = shares.corrected(counts.sum(axis=1), table.sum(axis=(1, 3)))
    within, _, spread = shares.corrected_within(counts[None], table[None], [0], [0, 1])
    counted, counted_within = counts.sum(axis=1) / TEXTS, counts[:, 0] / np.maximum(counts.sum(axis=1), 1)
    return (
        _square(value - stages), _square(counted - stages), _held(stages, value, variance),
        _square(within - actual), _square(counted_within - actual), _held(actual, within, spread),
    )  # fmt: skip


def _of_measures(run: _Run) -> Iterator[Figure]:
    run.progress("measures read from words, corrected for the classifier's errors")
    cases = (
        ("measures of words, one source, 300 labels", {}),
        ("measures of words, one source, 200 labels, mostly misread", {"labels": 200, "false": 0.2}),
        ("measures of words, one source, 300 labels, seldom told", {"often": (0.02, 0.1)}),
        ("measures of words, three sources, 200 labels each", {"sources": 3, "labels": 200}),
        ("measures of words, six sources, 200 labels each", {"sources": 6, "labels": 200}),
    )
    for about, world in cases:
        told = pd.concat([_measures_of(seed, **world) for seed in range(max(run.worlds // 3, 2 * QUICK))])
        for name, rows in told.groupby("measure"):
            rows = rows.set_index("world")
            own, naive = (_by_world((rows[column] - rows["truth"]) ** 2) for column in ("value", "as_read"))
            yield run.figure(about, f"error of {name}, against the uncorrected", _ratio(own, naive), most=1.0)
            yield run.figure(about, f"90 % intervals of {name} that hold", _mean(_by_world(rows["holds"])), 0.84, 0.96)


MEASURES = {
    "expectation_below_of_feedback": ("below", "expectation"),
    "expectation_exceeded_of_feedback": ("exceeded", "expectation"),
}


def _measures_of(
    seed: int, sources: int = 1, labels: int = 300, often: tuple[float, float] = (0.05, 0.3), recall: float = 0.4, false: float = 0.05
) -> pd.DataFrame:  # fmt: skip
    """What is published of expectations in one period, beside the rates by which texts came about; misread by stage and by what they tell.

    Args:
        seed: of the world.
        sources: with 3000 texts each, which differ in stages and in how these are misread.
        labels: random ones of each source.
        often: between which shares of a stage's texts tell of an expectation.
        recall: share of these that are read so, roughly.
        false: share of the others that are read as if they told of one; between half and twice as many by stage.
    """
    rng = np.random.default_rng([seed, 6])
    n, kinds = len(worlds.STAGES), corrections.KINDS["expectation"]
    tells, kind_of = rng.uniform(*often, n)[:, None], rng.dirichlet([3, 1.5, 1.5], n)
    rates = np.hstack([kind_of * tells, 1 - tells])
    as_read = _misreading(rng, recall, false, n)
    texts = pd.concat([_texts_of(rng, rates, as_read, labels).assign(source=f"s{number}") for number in range(sources)])
    texts = texts.assign(period_kind="quarter", period="now", domain="all", tag="expectation", n=1)
    counts = pd.crosstab(texts["predicted"], texts["predicted_kind"]).reindex(columns=kinds, fill_value=0).rename_axis("stage").reset_index()
    counts = counts.assign(period_kind="quarter", period="now", cut_by="all", cut_value="all", expectation=counts[list(kinds[:3])].sum(axis=1))
    found = corrections.correct(texts, counts, MEASURES | dict.fromkeys(corrections.CORRECTED.keys() - MEASURES.keys(), ("met", "expectation")))
    found = found[found["measure"].isin(list(MEASURES))].merge(counts, on="stage")
    place, hits = found["stage"].str[1:].astype(int).to_numpy(), found["measure"].map(lambda name: MEASURES[name][0])
    _, low, high = intervals.share(found["value"] * found["worth"], found["worth"])
    found["truth"] = kind_of[place, [kinds.index(kind) for kind in hits]]
    found["as_read"] = [row[kind] / row["expectation"] for kind, (_, row) in zip(hits, found.iterrows(), strict=True)]
    return found.assign(holds=(low <= found["truth"]) & (found["truth"] <= high), world=seed)


def _misreading(rng: np.random.Generator, recall: float, false: float, n_stages: int) -> Floats:
    """How likely each kind of text is read as each, by stage: stages × true × predicted."""
    table = np.zeros((n_stages, 4, 4))
    for kind in range(3):
        wrong = np.insert(0.07 * rng.dirichlet(np.ones(2)), kind, recall * rng.uniform(0.5, 1.5))
        table[:, kind, :3] = wrong
    table[:, 3, :3] = rng.uniform(0.5, 2, n_stages)[:, None] * false * rng.dirichlet(np.ones(3))
    table[:, :, 3] = 1 - table[:, :, :3].sum(axis=2)
    return table


def _texts_of(rng: np.random.Generator, rates: Floats, as_read: Floats, labels: int) -> pd.DataFrame:
    """A source's texts as they are and as they are read, some of them labelled."""
    n, kinds = len(rates), np.array(corrections.KINDS["expectation"], dtype=object)
    stages = np.array([PREDICTED_RIGHT * (np.arange(n) == stage) + (1 - PREDICTED_RIGHT) * rng.dirichlet(np.ones(n)) for stage in range(n)])
    true = rng.choice(n, TEXTS, p=rng.dirichlet(np.full(n, 2.0)))
    kind = _drawn(rng, rates[true])
    predicted, predicted_kind = _drawn(rng, stages[true]), _drawn(rng, as_read[true, kind])
    names = np.array([f"s{number}" for number in range(n)], dtype=object)
    texts = pd.DataFrame({"predicted": names[predicted], "placed": names[predicted], "predicted_kind": kinds[predicted_kind]})
    is_labelled = rng.permutation(TEXTS) < labels
    return texts.assign(true=np.where(is_labelled, names[true], None), true_kind=np.where(is_labelled, kinds[kind], None))


def _drawn(rng: np.random.Generator, chances: Floats) -> NDArray[np.int64]:
    """One place of each row, by its chances."""
    return np.asarray((rng.random((len(chances), 1)) > chances.cumsum(axis=1)).sum(axis=1).clip(max=chances.shape[1] - 1))


def _square(error: Floats) -> float:
    return float((1e4 * error**2).mean())


def _held(truth: Floats, value: Floats, variance: Floats) -> float:
    _, low, high = shares.within_errors(value, variance)
    return float(((low <= truth) & (truth <= high)).mean())


def _of_the_story(run: _Run) -> Iterator[Figure]:
    run.progress("the story with 30 check-ins")
    lives, about = _lives(Family(), CHECKINS, run.worlds), "story, 30 check-ins"
    last = lives[lives["period"] == LAST]
    wrong, survey = _by_world(_miss(last) ** 2), _by_world((last["survey"] - last["true_net"]) ** 2)
    yield run.figure(about, "error of net experience, points", _root(wrong), most=9)
    yield run.figure(about, "… against the survey's", _ratio(wrong, survey), most=0.30)
    yield run.figure(about, "… once what is common to all stages is taken off", _ratio(_centred(last, "net"), _centred(last, "survey")), most=0.50)
    yield run.figure(about, "bias, points", _mean(_by_world(_miss(last))), -5, 5)
    yield run.figure(about, "90 % intervals that hold", _mean(_cover(last)), 0.86, 0.94)
    yield run.figure(about, "… in the least covered stage", _least(last), 0.82)
    yield run.figure(about, "… of those that are published", _mean(_cover(lives[lives["evidence_level"] == "estimate"])), 0.84, 0.96)
    yield run.figure(about, "stages with a number", _mean(_by_world(last.set_index("world")["evidence_level"] == "estimate")), 0.70)
    yield run.figure(about, "rank correlation with the truth", _rank_correlation(last), 0.88)
    yield from _of_shares_order_and_change(run, about, lives)


def _of_shares_order_and_change(run: _Run, about: str, lives: pd.DataFrame) -> Iterator[Figure]:
    last = lives[lives["period"] == LAST]
    for name in ("trouble", "great"):
        yield run.figure(about, f"error of the share {name}, points", _root(_by_world(1e4 * _miss(last, name) ** 2)), most=7)
        yield run.figure(about, f"90 % intervals of the share {name} that hold", _mean(_cover(last, name)), 0.84, 0.96)
    yield run.figure(about, "90 % intervals of change that hold", _mean(_cover(lives, "change")), 0.84, 0.96)
    yield run.figure(about, "90 % intervals of rank that hold", _mean(_cover(lives, "order")), 0.86)
    yield run.figure(about, "directions that are the wrong way, of all told", _mean(_wrong_way(lives)), most=0.05)


def _of_fewer_checkins(run: _Run) -> Iterator[Figure]:
    for answers, most in zip(FEWER, (10, 12), strict=True):
        run.progress(f"the story with {answers} check-ins")
        lives, about = _lives(Family(), answers, run.worlds // 2), f"story, {answers} check-ins"
        last = lives[lives["period"] == LAST]
        yield run.figure(about, "error of net experience, points", _root(_by_world(_miss(last) ** 2)), most=most)
        yield run.figure(about, "90 % intervals that hold", _mean(_cover(last)), 0.84, 0.96)
        yield run.figure(about, "… of those that are published", _mean(_cover(lives[lives["evidence_level"] == "estimate"])), 0.84, 0.96)
        yield from _of_shares_order_and_change(run, about, lives)


def _of_none(run: _Run) -> Iterator[Figure]:
    words = ["reviews", "social"]
    for about, sources in (("no check-ins", None), ("no check-ins, reviews and social alone", words)):
        run.progress(f"the story with {about}")
        lives = _lives(Family(), 0, run.worlds // 2, sources)
        is_number = lives["evidence_level"] == "estimate"
        yield run.figure(about, "stages with a number", (float(is_number.sum()), 0.0), most=0)
        yield run.figure(about, "90 % intervals of rank that hold", _mean(_cover(lives, "order")), 0.86)
        yield run.figure(about, "directions that are the wrong way, of all told", _mean(_wrong_way(lives)), most=0.05)


def _of_silence(run: _Run) -> Iterator[Figure]:
    for slope in (0.0, 0.2, 0.3):
        run.progress(f"check-ins that are not answered, slope {slope}")
        lives, about = _lives(Family(answer_slope=slope), CHECKINS, run.worlds // 2), f"check-ins not answered, slope {slope:g}"
        last = lives[lives["period"] == LAST]
        yield run.figure(about, "90 % intervals that hold", _mean(_cover(last)), 0.84)
        yield run.figure(about, "… of the share trouble", _mean(_cover(last, "trouble")), 0.84)
        yield run.figure(about, "… of the share great", _mean(_cover(last, "great")), 0.84)


def _of_broken_sources(run: _Run) -> Iterator[Figure]:
    run.progress("sources that break")
    healthy = _lives(Family(), CHECKINS, run.worlds // 2)
    broken = _lives(Family(broken="last"), CHECKINS, run.worlds // 2)
    hidden = _lives(Family(door_hidden=True), CHECKINS, run.worlds // 2)
    last = [lives[lives["period"] == LAST] for lives in (healthy, broken, hidden)]
    about = "survey broken in one stage of half the worlds"
    yield run.figure(about, "90 % intervals that hold", _mean(_cover(pd.concat(last[:2]))), 0.86)
    yield run.figure(about, "… in the broken stage", _mean(_cover(last[1][last[1]["is_special"]])), 0.75)
    yield run.figure("tickets' door hidden in one stage", "90 % intervals that hold there", _mean(_cover(last[2][last[2]["is_special"]])), 0.75)


def _of_families(run: _Run) -> Iterator[Figure]:
    for family in FAMILIES[1:]:
        run.progress(f"worlds of another family: {family.name}")
        lives = _lives(family, CHECKINS, max(run.worlds // 3, QUICK // 2))
        last = lives[lives["period"] == LAST]
        wrong, survey = _by_world(_miss(last) ** 2), _by_world((last["survey"] - last["true_net"]) ** 2)
        yield run.figure(family.name, "error against the survey's", _ratio(wrong, survey), most=1 / 3)
        yield run.figure(family.name, "bias, points", _mean(_by_world(_miss(last))), -5, 5)
        yield run.figure(family.name, "90 % intervals that hold", _mean(_cover(last)), 0.84, 0.96)
        yield run.figure(family.name, "… in the least covered stage", _least(last), 0.75)
        yield run.figure(family.name, "… of the share trouble", _mean(_cover(last, "trouble")), 0.84, 0.98)
        yield run.figure(family.name, "… of the share great", _mean(_cover(last, "great")), 0.84, 0.98)
        yield run.figure(family.name, "… of change", _mean(_cover(lives, "change")), 0.80, 0.97)


def _of_the_gap(run: _Run) -> Iterator[Figure]:
    for broken, about in (("never", "survey gap, healthy survey"), ("last", "survey gap, broken last quarter"), ("ever", "survey gap, broken since ever")):
        run.progress(about)
        gaps = pd.concat([_gaps(Family(broken=broken), seed) for seed in range(run.worlds // 2)])
        false = _by_world((gaps["is_gap"].astype(bool) & (gaps["true_excess"] <= gap.MARGIN)).set_axis(gaps["world"]), "max")
        yield run.figure(about, "worlds with a false headline", _mean(false), most=0.05)
        if broken != "never":
            large = gaps[gaps["true_excess"] > 2 * gap.MARGIN]
            yield run.figure(about, "gaps above 30 points that are found", _mean(large["is_gap"].astype(float)), 0.65)


class _Seen(NamedTuple):
    """What is known and what is true of a world, without its customers."""

    truth: pd.DataFrame
    readings: pd.DataFrame
    survey: pd.DataFrame
    cells: dict[int, pd.DataFrame]


@lru_cache(maxsize=WORLDS + WORLDS // 2)
def _seen(family: Family, seed: int) -> _Seen:
    """One world; kept for a while, since several figures look at the same."""
    world = worlds.make(family, seed)
    cells = {answers: worlds.cells(world, answers) for answers in (CHECKINS, *FEWER, 0)}
    return _Seen(worlds.truth(world), worlds.indicators(world), worlds.survey_answers(world), cells)


def _gaps(family: Family, seed: int) -> pd.DataFrame:
    """The survey's gaps in the last quarter of one world, beside how large they truly are."""
    seen = _seen(family, seed)
    tested = gap.survey_gaps(seen.cells[CHECKINS], seen.readings, seen.survey).merge(seen.truth, on=["stage", "period"])
    true_gap = tested["survey_net"] - tested["true_net"]
    return tested.assign(true_excess=true_gap - true_gap.median(), world=seed)[tested["period"] == LAST]


def _lives(family: Family, answers: int, n_worlds: int, sources: list[str] | None = None) -> pd.DataFrame:
    """Each stage and quarter of many worlds: what the estimate tells, beside the truth."""
    lives = pd.concat([_told(family, seed, answers, sources) for seed in range(n_worlds)], ignore_index=True)
    lives["true_change"] = lives.groupby(["world", "stage"])["true_net"].diff()
    lives["true_order"] = lives.groupby(["world", "period"])["true_net"].rank(ascending=False)
    return lives


def _told(family: Family, seed: int, answers: int, sources: list[str] | None) -> pd.DataFrame:
    seen = _seen(family, seed)
    readings = seen.readings if sources is None else seen.readings[seen.readings["source"].isin(sources)]
    told = balance.balance(seen.cells[answers], readings, with_unsure=True).stages
    return told.merge(seen.truth, on=["stage", "period"]).assign(world=f"{family.name} {family.broken} {seed}")


def _miss(lives: pd.DataFrame, name: str = "net") -> pd.Series[float]:
    return (lives[name] - lives[f"true_{name}"]).set_axis(lives["world"])


def _cover(lives: pd.DataFrame, name: str = "net") -> Floats:
    """Share of intervals that hold the truth, by world."""
    known = lives[lives[f"{name}_low"].notna() & lives[f"true_{name}"].notna()]
    holds = (known[f"{name}_low"] <= known[f"true_{name}"]) & (known[f"true_{name}"] <= known[f"{name}_high"])
    return _by_world(holds.set_axis(known["world"]))


def _wrong_way(lives: pd.DataFrame) -> Floats:
    """Share of stages and quarters whose direction is told and is the wrong way, by world."""
    known = lives[lives["direction"].notna() & lives["true_change"].notna()]
    way = known["direction"].map({"better": 1, "worse": -1}).fillna(0)
    return _by_world((way * known["true_change"] < 0).set_axis(known["world"]))


def _by_world(values: pd.Series[float] | pd.Series[bool], how: str = "mean") -> Floats:
    """One value for each world, for rows that are indexed by world."""
    return values.astype(float).groupby(level=0).agg(how).to_numpy(float)


def _centred(last: pd.DataFrame, name: str) -> Floats:
    """Mean squared error by world, once its mean over stages is taken off."""
    miss = (last[name] - last["true_net"]).set_axis(last["world"])
    return _by_world((miss - miss.groupby(level=0).transform("mean")) ** 2)


def _mean(values: Floats | pd.Series[float]) -> tuple[float, float]:
    """Mean and its standard error."""
    numbers = np.asarray(values, float)
    if not len(numbers):
        return float("nan"), float("nan")
    return float(numbers.mean()), float(numbers.std() / np.sqrt(len(numbers)))


def _root(squares: Floats) -> tuple[float, float]:
    """Root of the mean of squares, and its standard error."""
    mean, error = _mean(squares)
    return float(np.sqrt(mean)), error / (2 * float(np.sqrt(mean)))


def _ratio(squares: Floats, others: Floats) -> tuple[float, float]:
    """Root mean square against another's, and its standard error."""
    (one, error), (other, other_error) = _root(squares), _root(others)
    return one / other, one / other * float(np.hypot(error / one, other_error / other))


def _least(last: pd.DataFrame) -> tuple[float, float]:
    """Coverage of the stage that is covered least."""
    by_stage = [_mean(_cover(of_stage)) for _, of_stage in last.groupby("stage")]
    return min(by_stage)


def _rank_correlation(last: pd.DataFrame) -> tuple[float, float]:
    """Spearman's correlation of the stages' order with the true one."""
    ranks = last.assign(rank=last.groupby("world")["net"].rank(ascending=False))
    n = ranks.groupby("world")["rank"].transform("size")
    return _mean(1 - _by_world((6 * (ranks["rank"] - ranks["true_order"]) ** 2 * n / (n * (n**2 - 1))).set_axis(ranks["world"])))
