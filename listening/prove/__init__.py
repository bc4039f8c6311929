"""The estimators on simulated worlds with known truth: takes how many worlds, gives each figure beside its target.

Targets are those that the method was chosen for (docs/method.md). A figure from few worlds is let off by two of its
standard errors, so that chance alone seldom fails it; with all worlds it must stand on its own.
"""

from __future__ import annotations

from collections.abc import Callable

from listening.prove import actions, drivers, levels, quotes, shares, story, warnings, words
from listening.prove.figures import QUICK, WORLDS, Figure, Run

PARTS = (shares, words, story, quotes, warnings, drivers, levels, actions)

__all__ = ["WORLDS", "Figure", "measure"]


def measure(n_worlds: int = WORLDS, is_quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> list[Figure]:
    """Measure all figures.

    Args:
        n_worlds: of the kind as designed; a third as many of each other kind.
        is_quick: fewer worlds, for a test that runs often.
        progress: told what is being measured.
    """
    run = Run(QUICK, 2.0, progress) if is_quick else Run(n_worlds, 0.0 if n_worlds >= WORLDS else 2.0, progress)
    return [figure for part in PARTS for figure in part.figures(run)]
