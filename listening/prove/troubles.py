"""Simulated companies whose troubles are known by day: a family and a seed in, mentions, failures and survey answers by day out.

196 series of mentions (7 stages x 7 themes x 4 sources, median 2 a day) and 7 operational measures, with over-dispersion,
weekdays, drift, growth and late arrivals. A trouble grows over ten days in some themes, and half as much in the failures of
their stages. `prove` measures the early warning on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STAGES, THEMES, SOURCES = 7, 49, 4
VOICES = THEMES * SOURCES
RAMP = 10  # days in which a trouble grows to its full size
FAILS = 0.08  # of passages
LATEST = 7  # days by which everything has arrived
SURVEY_LATE = 7  # days after which the survey is answered
ANSWERS = 25.0  # a day and stage
SCORE, SPREAD, DROP = 7.4, 2.3, 4.5  # mean score, its standard deviation, points less for those in trouble
IN_TROUBLE = 0.15  # of a stage's customers, over its seven themes


@dataclass(frozen=True)
class Family:
    """What worlds of one kind have in common.

    Attributes:
        median: mentions of the median series a day.
        spread: sd of the logarithm of that over series.
        alpha: over-dispersion: variance = mean + alpha * mean ** 2.
        drift: sd of a series' change from day to day, as a share.
        growth: change of the number of customers a day, as a share.
        weekdays: sd of weekdays' factors.
        late: share of mentions that arrive after their day.
        themes: how many themes get worse.
        factor: by what.
        spikes: days on which everything rises by 60 %.
        outage: days for which one source brings nothing.
        days: how many there are.
        onset: the first day of the ramp.
    """

    name: str = "as designed"
    median: float = 2.0
    spread: float = 0.9
    alpha: float = 0.08
    drift: float = 0.004
    growth: float = 0.0
    weekdays: float = 0.15
    late: float = 0.35
    themes: int = 0
    factor: float = 1.0
    spikes: int = 0
    outage: int = 0
    days: int = 240
    onset: int = 120


@dataclass(frozen=True)
class World:
    """What happened, one row per series: 196 of mentions, then 7 of failures; one column per day.

    Attributes:
        events: mentions of trouble, failures.
        exposure: customers in the stage, or passages.
        stage: of each series.
        source: of each series; that of operations is the last.
        is_worse: the series that get worse.
        survey_mean: mean score by stage and the day on which it is known.
        survey_answers: how many answers it rests on.
    """

    family: Family
    events: Floats
    exposure: Floats
    stage: Ints
    source: Ints
    is_worse: NDArray[np.bool_]
    survey_mean: Floats
    survey_answers: Floats
    seed: int


def make(family: Family, seed: int) -> World:
    """One world; the same seed gives the same."""
    rng = np.random.default_rng([seed, 7])
    days, n = family.days, VOICES + STAGES
    theme = np.r_[np.arange(VOICES) // SOURCES, np.full(STAGES, -1)]
    source = np.r_[np.arange(VOICES) % SOURCES, np.full(STAGES, SOURCES)]
    stage = np.where(theme >= 0, theme // (THEMES // STAGES), np.arange(n) - VOICES)
    weekday = np.exp(rng.normal(0, family.weekdays, 7) + rng.normal(0, 0.05, (n, 7)))
    pattern = (weekday / weekday.mean(axis=1, keepdims=True))[:, np.arange(days) % 7]
    customers = np.exp(rng.uniform(5, 8, (STAGES, 1)) + np.cumsum(rng.normal(family.growth, 0.005, (STAGES, days)), axis=1))
    level = np.exp(np.cumsum(rng.normal(0, family.drift, (n, days)), axis=1)) * pattern
    rate = np.clip(np.exp(rng.normal(np.log(family.median), family.spread, n)), 0.15, 80)[:, None]
    worse = rng.choice(THEMES, family.themes, replace=False)
    ramp = 1 + (family.factor - 1) * np.clip((np.arange(days) - family.onset) / RAMP, 0, 1)
    hit = np.isin(theme, worse)
    share_hit = np.bincount(worse // (THEMES // STAGES), minlength=STAGES) / (THEMES // STAGES)
    mean = rate * level * (customers / customers[:, :28].mean(axis=1, keepdims=True))[stage] * np.where(hit[:, None], ramp, 1.0)
    mean[:, rng.choice(np.arange(60, days), family.spikes, replace=False)] *= 1.6
    passages = np.round(rng.uniform(60, 500, (STAGES, 1)) * (customers / customers[:, :28].mean(axis=1, keepdims=True)) * pattern[VOICES:])
    fails = np.clip(FAILS * level[VOICES:] / pattern[VOICES:] * (1 + (ramp - 1) * 0.5 * (share_hit[:, None] > 0)), 0, 0.9)
    mean = mean * (rng.gamma(1 / family.alpha, family.alpha, mean.shape) if family.alpha else 1.0)
    events = rng.poisson(mean).astype(float)
    events[VOICES:] = rng.binomial(passages.astype(int), rng.beta(200 * fails, 200 * (1 - fails)))
    events[np.ix_(source == 0, np.arange(family.onset, family.onset + family.outage))] = 0
    answers = rng.poisson(ANSWERS, (STAGES, days)).astype(float)
    trouble = IN_TROUBLE * (1 + share_hit[:, None] * (ramp - 1))
    late = np.concatenate([np.full((STAGES, SURVEY_LATE), IN_TROUBLE), trouble[:, :-SURVEY_LATE]], axis=1)
    scores = SCORE - DROP * (late - IN_TROUBLE) + rng.normal(0, 1, (STAGES, days)) * SPREAD / np.sqrt(np.maximum(answers, 1))
    exposure = np.concatenate([customers[stage[:VOICES]], passages])
    return World(family, events, exposure, stage, source, hit | ((theme < 0) & (share_hit[stage] > 0)), scores, answers, seed)


def arrivals(world: World, late: Floats) -> Floats:
    """Events that have arrived by age 0 … `LATEST` (last axis), with the share `late` of each day's mentions later than their day."""
    rng = np.random.default_rng([world.seed, 8])
    left, arrived = world.events.astype(int), np.zeros((*world.events.shape, LATEST + 1))
    waits = np.where(world.source[:, None] == SOURCES, 0.0, late[None, :])
    for age in range(LATEST):
        here = rng.binomial(left, 1 - waits if age == 0 else np.where(waits > 0, 1 - waits, 1.0))
        left = left - here
        arrived[:, :, age] = here
    arrived[:, :, LATEST] = left
    return np.asarray(arrived.cumsum(axis=2))
