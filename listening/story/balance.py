"""The balanced estimate: takes counts of customers and check-ins by cell and what each source says, tells how each stage's customers live.

A few randomly chosen customers who were asked (check-ins) make the level known; everything that all sources say makes
the shape known: how stages differ and how they move. One linear solve joins the two (a Fay-Herriot model over stages and
periods). Without check-ins nobody knows the level, so none is given, only order and change. docs/method.md explains
the method, `listening prove` measures it on simulated worlds. Names that callers may rely on: `balance`, `Balanced`,
`told_without`, `reading_of_survey`, `reading_of_words`, `reading_of_rate`, and the columns that they document.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_solve, solve_triangular
from threadpoolctl import ThreadpoolController

from listening.intervals import Z
from listening.story import shape

Floats = NDArray[np.float64]
F = TypeVar("F", bound=Callable[..., Any])
on_one_core: Callable[[F], F] = ThreadpoolController().wrap(limits=1, user_api="blas")  # a few hundred places take three times as long when two share them

# The scales of the model, in points; see docs/method.md for where they come from.
PER_READING = 8.0  # how much one standard deviation of a source's reading may mean
SAME_STAGE = 8.0  # what no source tells of a stage, and lasts
OF_ITS_OWN = 4.0  # what no source tells of a stage in one period
KNOWN_ANYWAY = 2.0  # weight, in answers, with which a cell's share is pulled to that of all
PRIOR_ANSWERS = 10.0  # weight, in answers, of the variance that is taken before any are heard

# Honesty about check-ins that nobody answered.
UNMEASURED_BIAS = 4.0  # points, where the answer ratio cannot be measured
LEAST_BIAS = 2.0
BIAS_PER_LOG_RATIO = (32.0, 60.0)  # points: least and most, between which the check-ins themselves tell
USUAL_SILENCE = (0.12, 0.15)  # minus the log of the answer ratio before anybody is dialled, and its sd
COARSENESS = 0.85  # how much of a stance's variance moves with readiness to answer
LEAST_COUNTED = 30  # check-ins in troubled and in clean cells, for the two to be compared
YEAR = 4  # periods

# The guard against a source that breaks.
JUMP = 3.5  # median absolute deviations from a reading's own habit

# May we speak?
NUMBER_WITHIN = 16.0  # points of half-width
DIRECTION_WITHIN = 25.0
LEAST_ANSWERS = 8  # in a year
LEAST_CUSTOMERS = 50
LEAST_RATIO = 0.80
LEAST_VALUES = 4  # of a source over stages and periods

DRAWS = 4000
SEED = 20_260_101
COUNTS = ["customers", "asked", "answered", "trouble", "in_between", "great"]
UNKNOWN = 8  # the code of a cell of which neither failures nor tickets are known


class Outcome(NamedTuple):
    """One thing that is true of each customer, in points, and the scales on which it is estimated."""

    name: str
    of_trouble: float
    of_great: float
    least: float
    scale: float  # of all scales beside the intercept's
    bias: float  # of the honesty term
    intercept: float
    deviation: float  # of one answer, before any are heard


NET = Outcome("net", -100, 100, -100, 1.0, 1.0, 60, 70)
TROUBLE = Outcome("trouble", 100, 0, 0, 0.65, 0.55, 50, 40)
GREAT = Outcome("great", 0, 100, 0, 0.70, 0.60, 50, 40)
OUTCOMES = (NET, TROUBLE, GREAT)


@dataclass(frozen=True)
class Balanced:
    """What `balance` gives.

    Attributes:
        stages: one row per stage and period: `net` with `net_low`, `net_high`, `net_sd` (points, -100 … 100), `trouble`
            and `great` with the same three (shares of customers, 0 … 1), all of them NaN unless `evidence_level` is
            `estimate`; `evidence_level` (`estimate`, `direction`, `insufficient`) and `why` (None for an estimate, else
            what limits it: `no check-ins`, `cells unknown`, `few customers`, `few answers`, `answer ratio`, `wide`,
            `nothing heard`); `answers` and `asked` of this period; `year_answers` of the stage in the last four;
            `answer_ratio` over all stages in the last four periods (see `answer_ratios`; NaN where it can't be measured); `order_low`,
            `order_high` (rank among the period's stages, 1 is best, 90 %); `change`, `change_low`, `change_high`
            (points against the period before; NaN without check-ins) and `direction` (`better`, `worse`, `no clear
            change`, None where there is nothing to compare with). Order and change are missing where `insufficient`.
        contributions: one row per stage, period and source with a value: `contribution` (points of net experience; NaN
            without check-ins) and `source_adjusted` (it jumped from its own habit and was set back).
    """

    stages: pd.DataFrame
    contributions: pd.DataFrame


@on_one_core
def balance(cells: pd.DataFrame, indicators: pd.DataFrame, with_unsure: bool = False) -> Balanced:
    """Estimate net experience and the shares in trouble and living it great, for each stage and period.

    Args:
        cells: counts by `stage`, `period`, `failed`, `had_ticket` (booleans; null where not known): `customers`,
            `asked`, `answered`, `trouble`, `in_between`, `great` (null counts as 0; rows of one cell are added up). A
            check-in whose customer has no known cell goes into a row without customers and with both cells null: it
            counts as the stage's average customer would. Customers known only by count go into such a row too.
        indicators: readings by `stage`, `period`, `source`: `value`, higher is better, on a natural scale (see the
            functions below). Any number of sources; what is missing is taken as average.
        with_unsure: give also the numbers that are too unsure to be published; `prove` looks at them.

    Periods are of one consecutive series and sort in time; the period before is the one before in that order.
    """
    grid = _Grid.of(cells, indicators)
    counted, readings = _Counted.of(grid, cells), _Readings.of(grid, indicators)
    ratio, variance = answer_ratios(counted)
    bias = honesty(ratio, variance, bias_per_log_ratio(counted))
    readings, solved = _guarded(readings, counted, NET)
    posteriors = {NET: solved} | {outcome: _solve(readings, counted, outcome) for outcome in OUTCOMES if outcome is not NET}
    stages = grid.frame.assign(**_evidence(grid, counted, readings, posteriors[NET], ratio, bias))
    stages = stages.assign(**_levels(grid, posteriors, bias, with_unsure or stages["evidence_level"].to_numpy() == "estimate"))
    stages = stages.assign(**_order(grid, solved), **_change(grid, solved, counted.is_asked))
    stages = _silenced(stages)
    contributions = _contributions(grid, readings, solved, counted.is_asked)
    return Balanced(stages[grid.is_listed].reset_index(drop=True), contributions)


@on_one_core
def told_without(cells: pd.DataFrame, indicators: pd.DataFrame, sources: Collection[Any]) -> pd.DataFrame:
    """The story told without some sources, to compare them with: `stage`, `period`, `story_without` and `story_sd`, points.

    The sd is without the honesty term: what check-ins hide is alike in all stages, and so no difference between them.

    Args:
        cells: as for `balance`; without check-ins the story has no level, and both are NaN.
        indicators: as for `balance`.
        sources: which to leave out.
    """
    grid = _Grid.of(cells, indicators)
    counted, readings = _Counted.of(grid, cells), _Readings.of(grid, indicators[~indicators["source"].isin(list(sources))])
    _, solved = _guarded(readings, counted, NET)
    told = grid.frame.assign(story_without=solved.mean, story_sd=np.sqrt(solved.variance))
    if not counted.is_asked:
        told[["story_without", "story_sd"]] = np.nan
    return told[grid.is_listed].reset_index(drop=True)


def reading_of_survey(counts: pd.DataFrame) -> pd.DataFrame:
    """The survey's net, each cell of customers weighted by how many customers it has rather than by how many answered.

    Args:
        counts: by `stage`, `period`, `failed`, `had_ticket` (null where not known) and, optionally, `source`: `customers`,
            `answers`, `trouble`, `great` (answers by stance).

    Returns:
        `stage`, `period`, `source` (if given) and `value`, points. A cell with few answers leans on the stage's net;
        without cells it is the plain net.
    """
    key = [name for name in ("source", "stage", "period") if name in counts]
    rows = counts.assign(net=100.0 * (counts["great"].fillna(0) - counts["trouble"].fillna(0)), answers=counts["answers"].fillna(0))
    rows["known"] = counts["customers"].fillna(0).where(counts["failed"].notna() | counts["had_ticket"].notna(), 0).astype(float)
    rows = rows.groupby([*key, "failed", "had_ticket"], dropna=False, as_index=False)[["net", "answers", "known"]].sum()
    whole = rows.groupby(key)[["net", "answers", "known"]].transform("sum")
    rows["plain"] = (whole["net"] / whole["answers"].where(whole["answers"] > 0)).astype(float)
    of_cell = (rows["net"] + LEANING * rows["plain"]) / (rows["answers"] + LEANING)
    rows["value"] = (of_cell * rows["known"] / whole["known"].where(whole["known"] > 0)).where(whole["known"] > 0, 0)
    told = rows.groupby(key, as_index=False).agg(value=("value", "sum"), plain=("plain", "first"), known=("known", "sum"))
    told["value"] = told["value"].where(told["known"] > 0, told["plain"]).where(told["plain"].notna())
    return told[[*key, "value"]]


LEANING = 5.0  # answers' worth of the stage's net in a cell's


def reading_of_words(positive: ArrayLike, negative: ArrayLike) -> Floats:
    """Reviews, social and other words that people volunteer: log of positive to negative; NaN where there are none."""
    good, bad = np.nan_to_num(np.asarray(positive, float)), np.nan_to_num(np.asarray(negative, float))
    return np.where(good + bad > 0, np.log((good + 1) / (bad + 1)), np.nan)


def reading_of_rate(cases: ArrayLike, customers: ArrayLike) -> Floats:
    """Tickets or failures among customers: minus the logit of the rate; NaN where customers aren't known."""
    k, n = np.asarray(cases, float), np.nan_to_num(np.asarray(customers, float))
    k = np.clip(k, 0, n)
    return np.where(n > 0, np.log((n - k + 0.5) / (k + 0.5)), np.nan)


@dataclass(frozen=True)
class _Grid:
    """All stages × periods, stage by stage; `is_listed` marks those that came in."""

    frame: pd.DataFrame
    n_stages: int
    n_periods: int
    is_listed: NDArray[np.bool_]
    places: dict[tuple[Any, Any], int]

    @classmethod
    def of(cls, *frames: pd.DataFrame) -> _Grid:
        pairs = {pair for frame in frames for pair in zip(frame["stage"].tolist(), frame["period"].tolist(), strict=True)}
        stages, periods = sorted({stage for stage, _ in pairs}), sorted({period for _, period in pairs})
        keys = [(stage, period) for stage in stages for period in periods]
        frame = pd.DataFrame(keys, columns=["stage", "period"])
        listed = np.array([key in pairs for key in keys], bool)
        return cls(frame, len(stages), len(periods), listed, {key: place for place, key in enumerate(keys)})

    @functools.cached_property
    def same_stage(self) -> Floats:
        """Which places (rows) are of one stage with which (columns), 1 or 0."""
        return np.asarray(np.kron(np.eye(self.n_stages), np.ones((self.n_periods, self.n_periods))))

    def of_rows(self, frame: pd.DataFrame) -> NDArray[np.int64]:
        return np.array([self.places[pair] for pair in zip(frame["stage"].tolist(), frame["period"].tolist(), strict=True)], np.int64)

    def by_stage(self, values: NDArray[Any]) -> NDArray[Any]:
        """The same values as stages × periods."""
        return values.reshape(self.n_stages, self.n_periods)

    def year(self, values: Floats) -> Floats:
        """Sums over each period and the three before it, along the last axis (periods)."""
        whole = np.cumsum(values, axis=-1)
        before = np.zeros_like(whole)
        before[..., YEAR:] = whole[..., :-YEAR]
        return whole - before

    def first_year(self, values: Floats) -> Floats:
        """The same, but the first four periods share one year, so that nothing rests on a single quarter."""
        sums = self.year(values)
        early = min(YEAR, self.n_periods)
        sums[..., :early] = sums[..., early - 1 : early]
        return sums


@dataclass(frozen=True)
class _Counted:
    """Counts as places × cells (failed × ticket, each no, yes, not known)."""

    grid: _Grid
    customers: Floats
    asked: Floats
    answered: Floats
    trouble: Floats
    in_between: Floats
    great: Floats

    @classmethod
    def of(cls, grid: _Grid, cells: pd.DataFrame) -> _Counted:
        places = grid.of_rows(cells)
        codes = 3 * _flag(cells["failed"]) + _flag(cells["had_ticket"])
        dense = {}
        for name in COUNTS:
            dense[name] = np.zeros((len(grid.frame), UNKNOWN + 1))
            np.add.at(dense[name], (places, codes), np.nan_to_num(pd.to_numeric(cells[name]).to_numpy(float, na_value=0.0)))
        return cls(grid, **dense)

    @property
    def told(self) -> Floats:
        """Check-ins that said how it was."""
        return self.trouble + self.in_between + self.great

    @property
    def n(self) -> Floats:
        return np.asarray(self.told.sum(axis=1))

    @property
    def is_asked(self) -> bool:
        """Whether any check-in was answered at all."""
        return bool(self.told.sum() > 0)

    @property
    def known(self) -> Floats:
        """Share of customers whose cell is known."""
        customers = self.customers.sum(axis=1)
        return np.asarray(self.customers[:, :UNKNOWN].sum(axis=1) / np.maximum(customers, 1))


def _flag(values: pd.Series[Any]) -> NDArray[np.int64]:
    return np.asarray(values.map({False: 0, True: 1}).fillna(2), np.int64)


@dataclass(frozen=True)
class _Readings:
    """What sources say, standardised, places × sources; 0 where a source is silent."""

    sources: list[Any]
    x: Floats
    is_heard: NDArray[np.bool_]
    is_adjusted: NDArray[np.bool_]

    @classmethod
    def of(cls, grid: _Grid, indicators: pd.DataFrame) -> _Readings:
        values = pd.to_numeric(indicators["value"]).to_numpy(float, na_value=np.nan)
        heard = indicators[["stage", "period", "source"]].assign(value=values)[np.isfinite(values)]
        heard = heard.groupby(["stage", "period", "source"], as_index=False)["value"].mean()
        sources = sorted(set(heard["source"]))
        x = np.full((len(grid.frame), len(sources)), np.nan)
        column = {source: place for place, source in enumerate(sources)}
        x[grid.of_rows(heard), [column[source] for source in heard["source"]]] = heard["value"]
        is_heard = np.isfinite(x)
        n = np.maximum(is_heard.sum(axis=0), 1)
        centred = np.where(is_heard, x - np.nansum(x, axis=0) / n, 0.0)
        spread = np.sqrt((centred**2).sum(axis=0) / n)
        tells = (is_heard.sum(axis=0) >= LEAST_VALUES) & (spread > 1e-9)
        x = centred[:, tells] / spread[tells]
        is_heard = is_heard[:, tells]
        return cls([source for source, told in zip(sources, tells, strict=True) if told], x, is_heard, np.zeros_like(is_heard))

    def without(self, place: int) -> _Readings:
        keep = [other for other in range(len(self.sources)) if other != place]
        return _Readings([self.sources[k] for k in keep], self.x[:, keep], self.is_heard[:, keep], self.is_adjusted[:, keep])


@dataclass(frozen=True)
class _Posterior:
    """The estimate of all places at once: mean, joint covariance (without the honesty term), what each reading is worth.

    The covariance is `prior` less `learned` (observations × places) times itself: few of its entries are ever looked at.
    """

    mean: Floats
    prior: Floats
    learned: Floats
    worth: Floats

    @functools.cached_property
    def variance(self) -> Floats:
        places = np.arange(len(self.mean))
        return np.asarray(np.maximum(self.between(places, places), 0.0))

    def between(self, places: NDArray[np.int64], others: NDArray[np.int64]) -> Floats:
        """Covariance of each place with the other at the same position."""
        return np.asarray(self.prior[places, others] - (self.learned[:, places] * self.learned[:, others]).sum(axis=0))

    def among(self, places: NDArray[np.int64]) -> Floats:
        """Joint covariance of some places."""
        learned = self.learned[:, places]
        return np.asarray(self.prior[np.ix_(places, places)] - learned.T @ learned)


def direct(counted: _Counted, outcome: Outcome) -> tuple[Floats, Floats]:
    """Direct estimate of each place from its own check-ins (generalised regression), and its variance; NaN and inf where nobody answered.

    The customers' cells say what to expect, f; the check-ins say by how much it is wrong there.
    """
    points = outcome.of_trouble * counted.trouble + outcome.of_great * counted.great
    squares = outcome.of_trouble**2 * counted.trouble + outcome.of_great**2 * counted.great
    told, n = counted.told, counted.n
    overall = points.sum() / max(told.sum(), 1)
    f = np.broadcast_to((points.sum(axis=0) + KNOWN_ANYWAY * overall) / (told.sum(axis=0) + KNOWN_ANYWAY), told.shape).copy()
    known = counted.customers[:, :UNKNOWN]
    in_cells = known.sum(axis=1)
    f[:, UNKNOWN] = np.where(in_cells > 0, (known * f[:, :UNKNOWN]).sum(axis=1) / np.maximum(in_cells, 1), overall)
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = (points - told * f).sum(axis=1) / n
        within = (squares - 2 * f * points + told * f**2).sum(axis=1) - n * wrong**2
    freedom = np.maximum(n - 1, 0).sum()
    pooled = (np.where(n > 0, within, 0).sum() + PRIOR_ANSWERS * outcome.deviation**2) / (freedom + PRIOR_ANSWERS)
    return f[:, UNKNOWN] + wrong, np.where(n > 0, pooled / np.maximum(n, 1), np.inf)


def _solve(readings: _Readings, counted: _Counted, outcome: Outcome) -> _Posterior:
    """Join check-ins and readings: normal posterior of every place given the check-ins of all."""
    grid, x = counted.grid, readings.x
    if not counted.is_asked:
        mean, covariance = shape.posterior(x, readings.is_heard, grid.n_stages, grid.n_periods)
        return _Posterior(mean, covariance, np.zeros((0, len(x))), np.zeros(x.shape[1]))
    prior, seen, y, root = _joined(readings, counted, outcome)
    whitened = solve_triangular(root, np.column_stack([y, prior[seen]]), lower=True)
    said, learned = whitened[:, 0], whitened[:, 1:]
    worth = (outcome.scale * PER_READING) ** 2 * x[seen].T @ solve_triangular(root, said, lower=True, trans="T")
    return _Posterior(learned.T @ said, prior, learned, worth)


def _without_each(readings: _Readings, counted: _Counted, outcome: Outcome) -> Floats:
    """The mean as told without each source, places × sources.

    A source less takes a matrix of rank one from the covariance, so that one factor of it does for all (Sherman and Morrison 1950).
    """
    if not counted.is_asked:
        return np.column_stack([_solve(readings.without(place), counted, outcome).mean for place in range(len(readings.sources))])
    prior, seen, y, root = _joined(readings, counted, outcome)
    of_source = outcome.scale * PER_READING * readings.x
    weighed = cho_solve((root, True), np.column_stack([y, of_source[seen]]))
    left = 1 - (of_source[seen] * weighed[:, 1:]).sum(axis=0)
    weights = weighed[:, :1] + weighed[:, 1:] * (of_source[seen].T @ weighed[:, 0] / left)
    return np.asarray(prior[:, seen] @ weights - of_source * (of_source[seen] * weights).sum(axis=0))


def _joined(readings: _Readings, counted: _Counted, outcome: Outcome) -> tuple[Floats, NDArray[np.bool_], Floats, Floats]:
    """Prior covariance of all places, where check-ins were answered, what they say there, and the lower Cholesky factor of its covariance."""
    x, same_stage = readings.x, counted.grid.same_stage
    told = PER_READING**2 * x @ x.T + SAME_STAGE**2 * same_stage + OF_ITS_OWN**2 * np.eye(len(x))
    prior = outcome.intercept**2 + outcome.scale**2 * told
    y, v = direct(counted, outcome)
    seen = np.isfinite(v)
    return prior, seen, y[seen], np.linalg.cholesky(prior[np.ix_(seen, seen)] + np.diag(v[seen]))


def _guarded(readings: _Readings, counted: _Counted, outcome: Outcome) -> tuple[_Readings, _Posterior]:
    """Set back to its habit a reading that leaves it: regressed on the story told without it, its residual in a stage jumps."""
    grid, x, adjusted = counted.grid, readings.x.copy(), readings.is_adjusted.copy()
    without = _without_each(readings, counted, outcome) if readings.sources else x
    for place, told in enumerate(without.T):
        heard = readings.is_heard[:, place]
        centred = told - told[heard].mean()
        slope = (centred[heard] @ readings.x[heard, place]) / max(centred[heard] @ centred[heard], 1e-9)
        residual = np.where(heard, readings.x[:, place] - slope * centred, np.nan)
        habit = np.repeat(_median(grid.by_stage(residual)), grid.n_periods)
        jump = residual - habit
        mad = _median(np.abs(jump[heard])[None, :])[0]
        broken = heard & (np.abs(np.nan_to_num(jump)) > max(JUMP * mad, 1e-9))
        x[broken, place] = (slope * centred + habit)[broken]
        adjusted[broken, place] = True
    guarded = replace(readings, x=x, is_adjusted=adjusted)
    return guarded, _solve(guarded, counted, outcome)


def _median(rows: Floats) -> Floats:
    """Median of each row, 0 where a row has no value."""
    return np.array([np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 0.0 for row in rows])


CLEAN, TROUBLED = 0, [1, 3, 4]  # codes of cells: neither failed nor with a ticket; one of them or both


def answer_ratios(counted: _Counted) -> tuple[Floats, Floats]:
    """How often dialled customers with a failure or a ticket answered, against those without, and the variance of its log.

    Per period over the last four; compared within stage and period (Mantel and Haenszel 1959), so that a stage where
    nobody answers is no sign of silence among the troubled. While few were dialled it leans on what is usual. NaN where
    refusals aren't recorded or hardly anybody was dialled.
    """
    grid = counted.grid
    asked = np.maximum(counted.asked, counted.answered)
    well, troubled = asked[:, CLEAN], asked[:, TROUBLED].sum(axis=1)
    heard_well, heard_troubled = counted.answered[:, CLEAN], counted.answered[:, TROUBLED].sum(axis=1)
    whole = np.maximum(well + troubled, 1)
    strata = np.stack([well, troubled, heard_well, heard_troubled, heard_troubled * well / whole, heard_well * troubled / whole])
    m0, m1, a0, a1, above, below = grid.first_year(strata.reshape(len(strata), grid.n_stages, grid.n_periods).sum(axis=1))
    is_measured = (np.minimum(m0, m1) >= LEAST_COUNTED) & (a0 + a1 < m0 + m1) & (below > 0)
    ratio = np.where(is_measured, above / np.where(is_measured, below, 1), np.nan)
    with np.errstate(divide="ignore"):
        variance = np.maximum(1 / np.maximum(a1, 0.5) - 1 / m1 + 1 / np.maximum(a0, 0.5) - 1 / m0, 0)
    mean, prior = USUAL_SILENCE[0], USUAL_SILENCE[1] ** 2
    weight = prior / (prior + np.where(is_measured, variance, 0))
    silence = mean + weight * (-np.log(np.maximum(ratio, 1e-3)) - mean)
    return np.exp(-silence), np.where(is_measured, weight * variance, np.nan)


def honesty(ratio: Floats, variance: Floats, per_log_ratio: float) -> Floats:
    """Standard deviation, in points of net experience, of what check-ins that nobody answered may hide."""
    is_measured = np.isfinite(ratio)
    silence = np.maximum(0.0, -np.log(np.where(is_measured, np.maximum(ratio, 1e-3), 1.0)))
    hidden = np.sqrt(np.maximum(LEAST_BIAS, per_log_ratio * silence) ** 2 + per_log_ratio**2 * np.where(is_measured, variance, 0))
    return np.where(is_measured, hidden, UNMEASURED_BIAS)


def bias_per_log_ratio(counted: _Counted) -> float:
    """Points by which the check-ins are too rosy for each unit of minus the log of the answer ratio.

    Who answers more the better they live is the same inside the cells as between them: what lies between the cells is
    seen as the ratio, what lies inside hides in the estimate, so their proportion is that of the variance within to the
    distance between.
    """
    told, points = counted.told.sum(axis=0), 100 * (counted.great - counted.trouble).sum(axis=0)
    if min(told[CLEAN], told[TROUBLED].sum()) < LEAST_COUNTED:
        return BIAS_PER_LOG_RATIO[0]
    _, v = direct(counted, NET)
    within = (v[counted.n > 0] * counted.n[counted.n > 0]).max()  # the same everywhere
    between = points[CLEAN] / told[CLEAN] - points[TROUBLED].sum() / told[TROUBLED].sum()
    return float(np.clip(COARSENESS * within / max(between, 1), *BIAS_PER_LOG_RATIO))


def _evidence(grid: _Grid, counted: _Counted, readings: _Readings, solved: _Posterior, ratio: Floats, bias: Floats) -> dict[str, Any]:
    """What may be said of each place, and why not more."""
    ratios, biases = np.tile(ratio, grid.n_stages), np.tile(bias, grid.n_stages)
    half = Z * np.sqrt(solved.variance + biases**2)
    answers, customers = counted.n, counted.customers.sum(axis=1)
    year_answers = grid.year(grid.by_stage(answers)).ravel()
    insufficient = {
        "few customers": (customers > 0) & (customers < LEAST_CUSTOMERS),
        "nothing heard": ~readings.is_heard.any(axis=1) & (year_answers < LEAST_ANSWERS),
        "wide": (half > DIRECTION_WITHIN) & counted.is_asked,
    }
    direction = {
        "no check-ins": np.full(len(half), not counted.is_asked),
        "cells unknown": counted.known < 0.5,
        "few answers": year_answers < LEAST_ANSWERS,
        "answer ratio": ratios < LEAST_RATIO,
        "wide": half > NUMBER_WITHIN,
    }
    limits = [*insufficient.values(), *direction.values()]
    levels = ["insufficient"] * len(insufficient) + ["direction"] * len(direction)
    return {
        "evidence_level": np.select(limits, levels, "estimate").astype(object),
        "why": np.select(limits, [*insufficient, *direction], "").astype(object),
        "answers": answers.astype(np.int64),
        "asked": np.maximum(counted.asked, counted.answered).sum(axis=1).astype(np.int64),
        "year_answers": year_answers.astype(np.int64),
        "answer_ratio": ratios,
    }


def _levels(grid: _Grid, posteriors: dict[Outcome, _Posterior], bias: Floats, may_speak: NDArray[np.bool_] | bool) -> dict[str, Floats]:
    """Value, interval and sd of each outcome, where a number may be given."""
    biases, given = np.tile(bias, grid.n_stages), {}
    mean = {outcome: np.clip(solved.mean, outcome.least, 100) for outcome, solved in posteriors.items()}
    too_much = np.maximum((mean[TROUBLE] + mean[GREAT]) / 100, 1)  # nobody lives both
    for outcome, solved in posteriors.items():
        sd = np.sqrt(solved.variance + (outcome.bias * biases) ** 2)
        low, high = np.clip(solved.mean - Z * sd, outcome.least, 100), np.clip(solved.mean + Z * sd, outcome.least, 100)
        value = mean[outcome] if outcome is NET else np.clip(mean[outcome] / too_much, low, high)
        unit = 1 if outcome is NET else 100
        for name, numbers in (("", value), ("_low", low), ("_high", high), ("_sd", sd)):
            given[outcome.name + name] = np.where(may_speak, numbers / unit, np.nan)
    return given


def _order(grid: _Grid, solved: _Posterior) -> dict[str, Floats]:
    """Ranks that a stage may well have among the stages of its period, from joint draws of them all."""
    draws = np.random.default_rng(SEED).standard_normal((DRAWS, grid.n_stages)).T
    low, high = np.full((2, grid.n_stages, grid.n_periods), np.nan)
    places = grid.by_stage(np.arange(len(grid.frame)))
    for period in range(grid.n_periods):
        here = places[:, period][grid.is_listed[places[:, period]]]
        lives = solved.mean[here, None] + _root(solved.among(here)) @ draws[: len(here)]
        listed = np.isin(places[:, period], here)
        low[listed, period], high[listed, period] = _ranks(lives)
    return {"order_low": low.ravel(), "order_high": high.ravel()}


def _ranks(lives: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Low and high of each stage's rank, 1 the best, in 90 % of the draws (stages × draws)."""
    better = np.stack([(lives > life).sum(axis=0, dtype=np.int64) for life in lives])
    at_most = np.stack([np.bincount(ranked, minlength=len(lives)) for ranked in better]).cumsum(axis=1) / DRAWS
    return 1 + np.argmax(at_most >= 0.05, axis=1), 1 + np.argmax(at_most >= 0.95, axis=1)


def _root(covariance: Floats) -> Floats:
    """The symmetric one, which is the same on every machine; that of a factor hangs on signs that are nobody's choice."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T)


def _change(grid: _Grid, solved: _Posterior, is_asked: bool) -> dict[str, Any]:
    """Change against the period before; what is wrong with both alike falls out."""
    now = np.arange(len(grid.frame))
    before = np.where(now % max(grid.n_periods, 1) > 0, now - 1, now)
    is_compared = (before != now) & grid.is_listed[before] & grid.is_listed
    change = solved.mean - solved.mean[before]
    half = Z * np.sqrt(np.maximum(solved.variance + solved.variance[before] - 2 * solved.between(now, before), 0))
    low, high = change - half, change + half
    direction = np.select([low > 0, high < 0], ["better", "worse"], "no clear change").astype(object)
    direction[~is_compared] = None
    numbers = {"change": change, "change_low": np.maximum(low, -200), "change_high": np.minimum(high, 200)}
    return {name: np.where(is_compared & is_asked, value, np.nan) for name, value in numbers.items()} | {"direction": direction}


def _silenced(stages: pd.DataFrame) -> pd.DataFrame:
    """Neither order nor change of a stage of which too little is known."""
    silent = stages["evidence_level"] == "insufficient"
    known = ["order_low", "order_high", "change", "change_low", "change_high"]
    stages[known] = stages[known].mask(silent)
    stages["direction"] = stages["direction"].astype(object).mask(silent, None)
    stages["why"] = stages["why"].astype(object).mask(stages["why"] == "", None)
    return stages


def _contributions(grid: _Grid, readings: _Readings, solved: _Posterior, is_asked: bool) -> pd.DataFrame:
    """What each source adds to each place, where it said anything."""
    places, columns = np.nonzero(readings.is_heard)
    points = readings.x[places, columns] * (solved.worth[columns] if is_asked else np.nan)
    return grid.frame.iloc[places].assign(
        source=[readings.sources[column] for column in columns], contribution=points, source_adjusted=readings.is_adjusted[places, columns]
    ).reset_index(drop=True)  # fmt: skip
