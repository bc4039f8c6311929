"""Drivers in simulated companies: takes how many, gives whether the troubles that make customers leave are found, with honest intervals and ranks.

Twelve troubles are met by 3 to 30 % of the customers each, together more often than by chance; half of them make
customers leave, the others only keep company with those that do. The truth is how many leave because of each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from listening.growth import stakes
from listening.prove.figures import QUICK, Figure, Floats, Run, mean

Flags = NDArray[np.bool_]

TROUBLES = 12
USUAL = -3.0  # log odds of leaving without any trouble
REACH = (0.03, 0.30)  # of the customers meet a trouble
HARM = (0.3, 1.5)  # log odds that a harmful trouble adds


@dataclass(frozen=True)
class Kind:
    """What worlds of one kind have in common.

    Attributes:
        name: what is said of them.
        customers: how many there are.
        rho: correlation of the troubles, before they are cut into met and not met.
        halo: how much a mood that nobody sees moves both what is met and who leaves.
        unvoiced: share of troubles that never become known.
    """

    name: str
    customers: int = 4000
    rho: float = 0.75
    halo: float = 0.0
    unvoiced: float = 0.0


@dataclass(frozen=True)
class World:
    """Who is known to have met which trouble (customers × troubles), who left, and how many leave more because of each."""

    met: Flags
    left: Flags
    more: Floats


DESIGNED = Kind("drivers, 4,000 customers, troubles together")
ALONE = Kind("drivers, 4,000 customers, troubles each alone", rho=0.0)
MANY = Kind("drivers, 20,000 customers", customers=20_000)
MOODY = Kind("drivers, a hidden mood behind both", halo=0.5)
SILENT = Kind("drivers, 60 % of troubles never known", unvoiced=0.6)


def figures(run: Run) -> Iterator[Figure]:
    """All figures of drivers: order, intervals and ranks; then how far they can be misled, without a target."""
    for kind in (DESIGNED, ALONE, MANY):
        told = _measured(run, kind)
        yield run.figure(kind.name, "rank correlation with the truth (Kendall)", mean(told["tau"]), 0.70)
        yield run.figure(kind.name, "worlds in which the first trouble is the worst", mean(told["is_first"]), 0.75)
        yield run.figure(kind.name, "90 % intervals of customers at stake that hold", mean(told["held"]), 0.84, 0.95)
        yield run.figure(kind.name, "90 % ranges of rank of harmful troubles that hold", mean(told["ranked"]), 0.80)
        yield run.figure(kind.name, "troubles told to be clear that harm nobody, a world", mean(told["false"]), most=0.5)
    for kind in (MOODY, SILENT):
        told = _measured(run, kind)
        yield run.figure(kind.name, "customers at stake, told against true", mean(told["ratio"]))
        yield run.figure(kind.name, "90 % intervals of customers at stake that hold", mean(told["held"]))
        yield run.figure(kind.name, "troubles told to be clear that harm nobody, a world", mean(told["false"]))


def _measured(run: Run, kind: Kind) -> pd.DataFrame:
    run.progress(kind.name)
    n_worlds = max(run.worlds // 3, QUICK // 2)
    return pd.DataFrame([_told(kind, seed) for seed in range(n_worlds if kind.customers <= DESIGNED.customers else max(n_worlds // 2, QUICK // 3))])


def _told(kind: Kind, seed: int) -> dict[str, float]:
    """What the estimator tells of one world, beside the truth."""
    world = make(kind, seed)
    told = stakes.at_stake(world.met, world.left, np.ones(kind.customers))
    order = (-world.more).argsort(kind="stable").argsort(kind="stable") + 1
    is_harmful = world.more > 0
    return {
        "tau": _tau(told.customers, world.more),
        "is_first": float(told.customers.argmax() == world.more.argmax()),
        "held": float(((told.low <= world.more) & (world.more <= told.high)).mean()),
        "ranked": float(((told.rank_low <= order) & (order <= told.rank_high))[is_harmful].mean()),
        "false": float((stakes.is_clear(told.sure, told.low) & ~is_harmful).sum()),
        "ratio": float(told.customers.sum() / world.more.sum()),
    }


def _tau(one: Floats, other: Floats) -> float:
    """Kendall's rank correlation, with ties (tau-b)."""
    pairs = np.triu_indices(len(one), 1)
    a, b = (np.sign(values[:, None] - values)[pairs] for values in (one, other))
    return float((a * b).sum() / np.sqrt(np.abs(a).sum() * np.abs(b).sum()))


def make(kind: Kind, seed: int) -> World:
    """One world of a kind, the same for the same seed."""
    rng = np.random.default_rng([seed, 5])
    n = kind.customers
    reach = rng.uniform(*REACH, TROUBLES)
    harm = rng.permutation(np.where(np.arange(TROUBLES) < TROUBLES // 2, rng.uniform(*HARM, TROUBLES), 0.0))
    mood = kind.halo * rng.standard_normal(n)
    prone = np.sqrt(kind.rho) * rng.standard_normal((n, 1)) + np.sqrt(1 - kind.rho) * rng.standard_normal((n, TROUBLES)) + mood[:, None]
    edge = np.array([np.quantile(prone[:, trouble], 1 - reach[trouble]) for trouble in range(TROUBLES)])
    met = prone > edge
    odds = USUAL + met @ harm + mood
    more = (met * (_chance(odds)[:, None] - _chance(odds[:, None] - harm))).sum(axis=0)
    left = rng.random(n) < _chance(odds)
    return World(met & (rng.random(met.shape) >= kind.unvoiced), left, more)


def _chance(odds: Floats) -> Floats:
    chance: Floats = 1 / (1 + np.exp(-odds))
    return chance
