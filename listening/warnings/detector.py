"""Which series have risen beyond their habit: counts by series and day in, the night's score and the alarms out.

All series are rows of one array and only days are walked. A series' habit (its rate, how weekdays differ, how widely
counts spread) is learnt from days that are `LAG` days old, cut off where they are extreme, and not at all while its alarm
is open: so a trouble can't teach itself in as normal. Each day's count becomes a normal deviate z against
`completeness x exposure x rate of the weekday`; `E = .9 E + .1 z` sums up the last weeks; the score is E over its own
standard deviation, habit's uncertainty included. docs/method.md tells why this one was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from listening.warnings.tail import surprise

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

WEEK = 7
WEIGHT = 0.1  # of the newest day in E
LAG = 14  # days before a day teaches; also how many last days a night judges anew
HISTORY = 42  # days before a series is judged
HALF_LIFE = 75  # days, of what was learnt
LONG = 10 * HALF_LIFE  # days from which more of them change nothing
CUT = 3.0  # standard deviations beyond which a day teaches no more than that
EXTREME = 4.0  # beyond which one day's z counts no more: a single day is no deterioration
ALIKE = 20.0  # events for which a weekday is taken as its group's
SURE = 200.0  # squared expectation from which a series tells better than its group how widely its counts spread
QUIET = 28  # days without another alarm of the same series
CALM, CALM_DAYS = 1.0, 7  # an alarm closes when the score has been below for so many days
SLACK = 0.5  # of z a day, above which days pile up: the day on which a pile began is when a rise began (half of a rise by 1, as for a CUSUM)
FROZEN = 365  # days after which an open alarm's level is taken as the new habit
NEVER = -100_000  # index of a day that is none
COMPANY = 20  # series from which a night's common rise is taken off
TELLING = 1.0  # expected in a day, from which a series helps to tell what is common
VOICE, OPERATIONS = 3.9, 3.2  # thresholds for .9 + .1 false alarms a month in 200 + 7 series


@dataclass
class State:
    """What is known of each series by a day's end; all a night needs of the past.

    Attributes:
        taught: weight of the days that have taught, by weekday.
        counted: events of those days, by weekday; cut off where extreme.
        exposed: the same of exposure x completeness.
        excess: squared deviations beyond those of chance.
        squares: squares of what was expected, beside them.
        days: how many days have taught.
        mean: E.
        weight: how much of E has been filled, as 1 - .9 ** days judged.
        opened: index of the day on which the open alarm began; `NEVER` while none is open.
        alarmed: index of the day of the last alarm; `NEVER` where there was none.
        calm: days in a row with a score below `CALM`.
        pile: sum of what z was above `SLACK` a day, never below 0.
        rising: index of the day since which there is such a pile; `NEVER` where there is none.
    """

    taught: Floats
    counted: Floats
    exposed: Floats
    excess: Floats
    squares: Floats
    days: Ints
    mean: Floats
    weight: Floats
    opened: Ints
    alarmed: Ints
    calm: Ints
    pile: Floats
    rising: Ints

    @classmethod
    def new(cls, n: int) -> Self:
        """Nothing known of n series."""
        sums: dict[str, Any] = {name: np.zeros((n, WEEK)) for name in ("taught", "counted", "exposed")} | {
            name: np.zeros(n) for name in ("excess", "squares", "mean", "weight", "pile")
        }
        numbers: dict[str, Any] = {name: np.zeros(n, np.int64) for name in ("days", "calm")}
        return cls(**sums, **numbers, **{name: np.full(n, NEVER) for name in ("opened", "alarmed", "rising")})

    def copy(self) -> Self:
        """The same, to be kept while days go on."""
        return type(self)(**{each.name: getattr(self, each.name).copy() for each in fields(self)})

    def moved(self, days: int) -> Self:
        """The same with indices of days counted from `days` later."""
        later = self.copy()
        for each in (later.opened, later.alarmed, later.rising):
            each[each != NEVER] -= days
        return later


@dataclass(frozen=True)
class Counted:
    """What came in, one row per series and one column per day.

    Attributes:
        counts: events: mentions of trouble, or failures.
        exposure: in what they count: customers in the stage, or passages; nan where it is not known.
        completeness: share of a day's events that have arrived by now, 0 … 1.
        judged: whether the day's counts tell anything (the source was heard).
        trials: whether exposure are trials, each of which can fail once (operations).
        group: number of the group of series that share a weekday pattern.
        first_weekday: weekday of the first column, Monday 0.
    """

    counts: Floats
    exposure: Floats
    completeness: Floats
    judged: Flags
    trials: Flags
    group: Ints
    first_weekday: int


@dataclass(frozen=True)
class Watched:
    """What the detector saw, by series and day.

    `expected` is nan before there is history enough, `score` nan before E has begun; `began` is the index of the day on
    which the present rise began. `state` is as of the day from which the next night goes on, `last` as of the last day.
    """

    expected: Floats
    z: Floats
    score: Floats
    opened: Flags
    closed: Flags
    began: Ints
    state: State
    last: State


def watch(seen: Counted, before: State, start: int = 0, keep: int | None = None, told: Ints | None = None) -> Watched:
    """Walk the days from column `start` on.

    Args:
        seen: the counts; columns before `start` have been walked, and only teach.
        before: the state at the end of column start - 1.
        start: the first column to judge.
        keep: the column as of whose end the state is given back; the last one if absent.
        told: 1 for series and days on which an alarm has been told already: it stays, whatever has arrived since; -1 where none may open.
    """
    n, days = seen.counts.shape
    state, kept = before.copy(), before
    expected, z, score = (np.full((n, days), np.nan) for _ in range(3))
    opened, closed, began = np.zeros((n, days), bool), np.zeros((n, days), bool), np.full((n, days), NEVER)
    limit = np.where(seen.trials, OPERATIONS, VOICE)
    rates = _rates(state, seen.group)
    for day in range(start, days):
        if day > LAG:
            _learn(state, seen, rates, day - LAG - 1, day)
            rates = _rates(state, seen.group)
        expected[:, day], alpha = _expect(state, seen, rates, day)
        is_judged = seen.judged[:, day] & np.isfinite(expected[:, day])
        z[is_judged, day] = np.clip(surprise(seen.counts[is_judged, day], expected[is_judged, day], alpha[is_judged]), -EXTREME, EXTREME)
        z[:, day] -= _common(z[:, day], expected[:, day], seen.trials)
        score[:, day] = _weigh(state, z[:, day], is_judged, day)
        opened[:, day], closed[:, day] = _alarm(state, score[:, day], is_judged, limit, day, told)
        began[:, day] = state.rising
        if day == (days - 1 if keep is None else keep):
            kept = state.copy()
    return Watched(expected, z, score, opened, closed, began, kept, state)


def habit(state: State, seen: Counted) -> Floats:
    """What the habit of a state lets expect of every day."""
    weekday = (seen.first_weekday + np.arange(seen.counts.shape[1])) % WEEK
    return np.asarray(_rates(state, seen.group)[:, weekday] * seen.exposure * seen.completeness)


def _rates(state: State, group: Ints) -> Floats:
    """Events per exposure by series and weekday; weekdays lean on their group's pattern where a series is thin."""
    level = state.counted.sum(axis=1) / np.maximum(state.exposed.sum(axis=1), 1e-12)
    plain = level[:, None] * state.exposed
    is_of_group = (group[None, :] == np.arange(int(group.max(initial=-1)) + 1)[:, None]).astype(float)
    pattern = ((is_of_group @ state.counted + ALIKE) / (is_of_group @ plain + ALIKE))[group]
    return np.asarray(level[:, None] * (state.counted + ALIKE * pattern) / (plain + ALIKE))


def _spread(state: State, exposure: Floats, seen: Counted) -> Floats:
    """Alpha of each series: how much wider than chance it spreads; failures among few trials spread less than Poisson counts."""
    groups = int(seen.group.max(initial=-1)) + 1
    excess, squares = (np.bincount(seen.group, sums, groups) for sums in (state.excess, state.squares))
    usual = (excess / np.maximum(squares, 1))[seen.group]
    alpha = np.maximum((state.excess + SURE * usual) / (state.squares + SURE), 0)
    return np.where(seen.trials, alpha - 1 / np.maximum(exposure, 1), alpha)


def _expect(state: State, seen: Counted, rates: Floats, day: int) -> tuple[Floats, Floats]:
    """What was to be expected of a day (nan where too little is known), and how it spreads."""
    rate = rates[:, (seen.first_weekday + day) % WEEK]
    is_known = (state.days >= HISTORY - LAG) & (state.counted.sum(axis=1) > 0)
    expected = np.where(is_known, rate * seen.exposure[:, day] * seen.completeness[:, day], np.nan)
    return np.where(expected > 0, expected, np.nan), _spread(state, seen.exposure[:, day], seen)


def _learn(state: State, seen: Counted, rates: Floats, past: int, day: int) -> None:
    """Let a day that lies `LAG` days back teach the habit; one that was extreme teaches no more than the cut."""
    weekday = (seen.first_weekday + past) % WEEK
    exposed = seen.exposure[:, past] * seen.completeness[:, past]
    is_frozen = (state.opened != NEVER) & (day - state.opened < FROZEN)
    teaches = seen.judged[:, past] & np.isfinite(exposed) & (exposed > 0) & ~is_frozen
    exposed = np.where(teaches, exposed, 0.0)
    counts, expected = seen.counts[:, past], rates[:, weekday] * exposed
    chance = np.where(seen.trials, expected * np.maximum(1 - expected / np.maximum(exposed, 1), 0), expected)
    deviation = np.sqrt(np.maximum(expected + _spread(state, exposed, seen) * expected**2, 1e-12))
    is_settled = state.days >= LAG
    cut = np.where(is_settled, np.clip(counts, expected - CUT * deviation, expected + CUT * np.maximum(deviation, 1)), counts)
    fade = np.where(teaches, 0.5 ** (1 / HALF_LIFE), 1.0)
    for sums, new in ((state.counted, cut), (state.exposed, exposed), (state.taught, np.ones(len(cut)))):
        sums *= fade[:, None]
        sums[:, weekday] += np.where(teaches, new, 0.0)
    is_compared = teaches & is_settled
    state.excess *= np.where(is_compared, fade, 1.0)
    state.squares *= np.where(is_compared, fade, 1.0)
    state.excess += np.where(is_compared, (cut - expected) ** 2 - chance, 0.0)
    state.squares += np.where(is_compared, expected**2, 0.0)
    state.days += teaches


def _common(z: Floats, expected: Floats, trials: Flags) -> Floats:
    """The night's median rise over all series of a kind: a holiday, a campaign or a doubled import is no deterioration of one series."""
    common = np.zeros(len(z))
    for kind in (trials, ~trials):
        telling = kind & np.isfinite(z) & (expected >= TELLING)
        if telling.sum() >= COMPANY:
            common[kind] = max(float(np.median(z[telling])), 0.0)
    return common


def _weigh(state: State, z: Floats, is_judged: Flags, day: int) -> Floats:
    """Take a day into E and give the score: E over its standard deviation, which holds the habit's own uncertainty."""
    state.mean = np.where(is_judged, (1 - WEIGHT) * state.mean + WEIGHT * np.where(is_judged, z, 0.0), state.mean)
    state.pile = np.where(is_judged, np.maximum(state.pile + np.where(is_judged, z, 0.0) - SLACK, 0.0), state.pile)
    state.rising = np.where(state.pile == 0, NEVER, np.where(state.rising == NEVER, day, state.rising))
    state.weight = np.where(is_judged, (1 - WEIGHT) * state.weight + WEIGHT, state.weight)
    variance = WEIGHT / (2 - WEIGHT) + _uncertainty()[np.minimum(state.days, LONG)]
    return np.where(state.weight > 0, state.mean / np.sqrt(variance), np.nan)


@cache
def _uncertainty() -> Floats:
    """Variance of a habit, in units of a day's, by the number of days that taught it; those long ago count little."""
    fade, days = 0.5 ** (1 / HALF_LIFE), np.arange(LONG + 1)
    learnt, squares = (1 - fade**days) / (1 - fade), (1 - fade ** (2 * days)) / (1 - fade**2)
    return np.asarray(np.minimum(squares / np.maximum(learnt**2, 1e-12), 1.0))


def _alarm(state: State, score: Floats, is_judged: Flags, limit: Floats, day: int, told: Ints | None) -> tuple[Flags, Flags]:
    """Open an alarm above the limit, close it after days of calm."""
    is_open = state.opened != NEVER
    is_new = ~is_open & is_judged & (score > limit) & (day - state.alarmed >= QUIET)
    if told is not None:
        is_new = (is_new & (told[:, day] == 0)) | (~is_open & (told[:, day] > 0))
    state.opened = np.where(is_new, day, state.opened)
    state.alarmed = np.where(is_new, day, state.alarmed)
    state.calm = np.where(is_judged, np.where(score < CALM, state.calm + 1, 0), state.calm)
    is_over = is_open & is_judged & (state.calm >= CALM_DAYS)
    state.opened = np.where(is_over, NEVER, state.opened)
    state.pile, state.rising = np.where(is_over, 0.0, state.pile), np.where(is_over, NEVER, state.rising)  # what comes next began anew
    return is_new, is_over
