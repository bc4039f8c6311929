"""The early warning on simulated worlds with known troubles: takes how many worlds, gives each figure with the bounds it should lie in.

Worlds come from listening/prove/troubles.py. The portfolio has 203 series, so a false alarm a month in it is what a company of
that size would meet.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from listening.prove import troubles
from listening.prove.figures import Figure, Floats, Run, mean
from listening.prove.troubles import Family, World
from listening.warnings import arrivals, detector
from listening.warnings.detector import HISTORY, LAG, Counted, State, Watched

FAMILIES = (
    Family("thin series", median=0.6),
    Family("thick series", median=15.0),
    Family("wide spread", alpha=0.3),
    Family("chance alone", alpha=0.0, drift=0.0),
    Family("strong drift", drift=0.01),
    Family("strong weekdays", weekdays=0.5),
    Family("growing company", growth=0.004),
)
WITHIN = 60  # days after the onset in which a trouble must be found
SURVEY_BACK, SURVEY_HABIT, SURVEY_LIMIT = 28, 60, 3.0  # the survey's own alarm: its 28-day mean falls so many standard errors
MONTH = 30.0
TROUBLES = ((4, 2.0, 0.8), (4, 1.5, 0.5), (4, 3.0, 0.9), (1, 2.0, 0.6), (1, 3.0, 0.8))  # themes, factor, share of worlds warned of it by day 14
NIGHTS = 90  # walked night by night, each with what had arrived


def figures(run: Run) -> Iterator[Figure]:
    """All figures of the early warning."""
    worlds = max(run.worlds // 6, 4)
    run.progress("early warning where nothing gets worse")
    yield from _of_calm(run, Family(), worlds, "early warning, nothing worse", spread=(0.95, 1.05), false=(0.3, 1.5))
    for family in FAMILIES:
        yield from _of_calm(run, family, max(worlds // 4, 2), f"early warning, {family.name}", spread=(0.9, 1.1), false=(0.0, 2.5))
    for themes, factor, by_14 in TROUBLES:
        run.progress(f"early warning where {themes} themes get worse by {factor:g}")
        yield from _of_trouble(run, Family(themes=themes, factor=factor, days=120 + WITHIN), worlds, by_14)
    run.progress("early warning under stress, and night by night")
    yield from _of_stress(run, max(worlds // 2, 2))
    yield from _of_nights(run, max(worlds // 6, 2))


def counted(world: World) -> Counted:
    """A world as the detector sees it."""
    n = len(world.events)
    is_silent = np.zeros(world.events.shape, bool)
    if world.family.outage:
        is_silent = (world.source[:, None] == 0) & (np.arange(world.family.days) >= world.family.onset)
        is_silent &= np.arange(world.family.days) < world.family.onset + world.family.outage
    return Counted(world.events, world.exposure, np.ones_like(world.events), ~is_silent, np.arange(n) >= troubles.VOICES, world.source.astype(np.int64), 0)


def walked(world: World) -> Watched:
    """All days of a world in one go, arrivals taken as complete."""
    return detector.watch(counted(world), State.new(len(world.events)))


def _of_calm(run: Run, family: Family, n_worlds: int, about: str, spread: tuple[float, float], false: tuple[float, float]) -> Iterator[Figure]:
    seen = [walked(troubles.make(family, seed)) for seed in range(n_worlds)]
    yield run.figure(about, "standard deviation of z", _share([float(np.nanstd(each.z)) for each in seen]), *spread)
    yield run.figure(about, "false alarms a month over 203 series", _share([each.opened.sum() / _months(family) for each in seen]), *false)


def _months(family: Family) -> float:
    return (family.days - HISTORY) / MONTH


def _of_trouble(run: Run, family: Family, n_worlds: int, by_14: float) -> Iterator[Figure]:
    about = f"early warning, x{family.factor:g} in {family.themes} theme{'s' * (family.themes > 1)}"
    found, ahead, leads = [], [], []
    for seed in range(1000, 1000 + n_worlds):
        world = troubles.make(family, seed)
        day, survey = _first(walked(world).opened[world.is_worse], family.onset), _survey_day(world)
        found.append(day)
        ahead.append(day < survey)
        leads.append(min(survey, WITHIN) - min(day, WITHIN))
    yield run.figure(about, "worlds warned of it by day 14", _share([day <= 14 for day in found]), by_14)
    yield run.figure(about, "… by day 21", _share([day <= 21 for day in found]), by_14)
    yield run.figure(about, "worlds warned of it before the survey fell", _share(ahead), 0.9)
    yield run.figure(about, "days of lead over the survey, median, at most 60", (float(np.median(leads)), 0.0), 7)


def _first(opened: NDArray[np.bool_], onset: int) -> float:
    """Days from the onset to the first alarm."""
    days = np.flatnonzero(np.asarray(opened.any(axis=0))[onset:])
    return float(days[0]) if len(days) else np.inf


def _survey_day(world: World) -> float:
    """Days from the onset to the survey's own alarm: its 28-day mean falls clearly below the 60 days before."""
    answers = pd.DataFrame(world.survey_answers.T)
    scores = pd.DataFrame((world.survey_answers * world.survey_mean).T)
    now = scores.rolling(SURVEY_BACK).sum() / answers.rolling(SURVEY_BACK).sum()
    before = (scores.rolling(SURVEY_HABIT).sum() / answers.rolling(SURVEY_HABIT).sum()).shift(SURVEY_BACK)
    error = troubles.SPREAD * (1 / answers.rolling(SURVEY_BACK).sum() + 1 / answers.rolling(SURVEY_HABIT).sum().shift(SURVEY_BACK)) ** 0.5
    worse = np.unique(world.stage[world.is_worse])
    has_fallen = ((before - now) / error).to_numpy(float).T > SURVEY_LIMIT
    return _first(has_fallen[worse], world.family.onset)


def _of_stress(run: Run, n_worlds: int) -> Iterator[Figure]:
    for family in (Family("four days of +60 % everywhere", spikes=4), Family("one source out for ten days", outage=10)):
        seen = [walked(troubles.make(family, seed)).opened.sum() / _months(family) for seed in range(2000, 2000 + n_worlds)]
        yield run.figure(f"early warning, {family.name}", "false alarms a month over 203 series", _share(seen), 0.0, 1.5)


def _of_nights(run: Run, n_worlds: int) -> Iterator[Figure]:
    """Night by night on what had arrived: as ever, and with arrivals that become slower than what was learnt."""
    for about, later in (("arrivals as ever", 0.35), ("arrivals slower than learnt", 0.6)):
        calm = [_nightly(troubles.make(Family(), seed), later) for seed in range(3000, 3000 + n_worlds)]
        worlds = [troubles.make(Family(themes=4, factor=2.0), seed) for seed in range(4000, 4000 + n_worlds)]
        found = [_first(_nightly(world, later)[world.is_worse], world.family.onset) for world in worlds]
        yield run.figure(
            f"early warning night by night, {about}", "false alarms a month over 203 series", _share([each.sum() / (NIGHTS / MONTH) for each in calm]), 0.0, 2.0
        )
        yield run.figure(f"early warning night by night, {about}", "x2 in 4 themes, worlds warned of it by day 14", _share([day <= 14 for day in found]), 0.8)


def _nightly(world: World, later: float) -> NDArray[np.bool_]:
    """The alarms by the night that told them, over `NIGHTS` nights from 20 before the onset; 5 nights before it arrivals become `later`."""
    first = world.family.onset - 20
    late = np.where(np.arange(world.family.days) < world.family.onset - 5, world.family.late, later)
    arrived, whole = troubles.arrivals(world, late), counted(world)
    told, opened = np.zeros(world.events.shape, np.int64), np.zeros(world.events.shape, bool)
    before = detector.watch(_part(whole, world.events, np.ones(first), 0, first), State.new(len(world.events)), keep=first - LAG - 1).state
    for night in range(first, first + NIGHTS):
        since = night - 2 * LAG - 8
        ages = np.clip(night - np.arange(night + 1), 0, troubles.LATEST)
        counts = arrived[:, np.arange(night + 1), ages]
        seen = _part(whole, counts, _learnt(arrived, night), since, night + 1)
        start = night - LAG - since
        watched = detector.watch(seen, before.moved(since), start, start, told[:, since : night + 1])
        new = watched.opened & (told[:, since : night + 1] == 0)
        opened[:, night] = new.any(axis=1)
        told[:, since : night + 1] += new
        before = watched.state.moved(-since)
    return opened


def _part(whole: Counted, counts: Floats, completeness: Floats, since: int, until: int) -> Counted:
    """Some days of a world, as far as they had arrived."""
    share = np.where(whole.trials[:, None], 1.0, completeness[None, since:until])
    days = slice(since, until)
    return Counted(counts[:, days], whole.exposure[:, days], share, whole.judged[:, days], whole.trials, whole.group, since % 7)


def _learnt(arrived: Floats, night: int) -> Floats:
    """Completeness of each day up to a night, learnt from what had arrived by then."""
    things = np.diff(arrived[: troubles.VOICES].sum(axis=0)[: night + 1], axis=1, prepend=0.0)
    day, delay = (index.ravel() for index in np.indices(things.shape))
    rows = pd.DataFrame({"day": day, "delay": delay, "things": things.ravel()})
    rows = rows[rows["day"] + rows["delay"] <= night]
    return arrivals.by_day(arrivals.by_age(rows, night), night + 1, night, np.arange(night))


def _share(values: list[float] | list[bool]) -> tuple[float, float]:
    return mean(np.asarray(values, float))
