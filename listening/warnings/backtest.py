"""What the warnings would have been worth: a published past in; alarms a month, lead over the survey and share of losses out.

The survey's own drop is its 28-day mean falling clearly below the 60 days before. Nothing is fitted: the same rules that run
every night are held against what came after.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from listening.warehouse import Warehouse
from listening.warnings.detector import HISTORY

MONTH = 30.44
RECENT, HABIT, DROP = 28, 60, 2.5  # days, days, standard errors
LEAST_ANSWERS = 8  # in 28 days, below which a survey's mean tells nothing
AROUND = 180  # days after a warning in which the survey's drop is looked for; 28 before
Z = 1.645


@dataclass(frozen=True)
class Lead:
    """One warning beside its stage's survey: `days` is how much later the survey fell, null where it has not."""

    warning_id: str
    stage: str
    opened_on: dt.date
    survey_fell_on: dt.date | None
    days: int | None
    answers: int


@dataclass(frozen=True)
class Share:
    """A part of a whole with its 90 % interval; nulls where the whole is 0."""

    part: int
    whole: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Backtest:
    """A workspace's own past under its warnings.

    Attributes:
        months: that were judged, the first 42 days being needed as history.
        warnings: opened in them.
        a_month: warnings a month, with its 90 % interval.
        leads: each warning beside its stage's survey.
        lost_warned: of the customers who left since the first warning, those who had passed where it warned, within the half year before.
        stayed_warned: the same of those who stayed.
        lost_failed: of those who left, those who had also met a failure there.
        stayed_failed: the same of those who stayed.
    """

    months: float
    warnings: int
    a_month: tuple[float, float, float] | None
    leads: list[Lead]
    lost_warned: Share
    stayed_warned: Share
    lost_failed: Share
    stayed_failed: Share

    @property
    def sentences(self) -> list[str]:
        """The same in words."""
        if self.a_month is None:
            return [f"Warnings need {HISTORY} days of history; there is not enough to test them on."]
        low, value, high = self.a_month
        told = [f"In {self.months:.1f} months {self.warnings} warnings opened: {value:.1f} a month (90 % interval {low:.1f}–{high:.1f})."]
        return [*told, *self._of_the_survey(), *self._of_losses()]

    def _of_the_survey(self) -> list[str]:
        heard = [lead for lead in self.leads if lead.answers]
        fell = [lead.days for lead in heard if lead.days is not None]
        if not heard:
            return ["No survey asks about the stages that were warned of, so there is no lead over one." if self.leads else "Nothing was warned of."]
        first = sum(lead.days is None or lead.days > 0 for lead in heard)
        none = len(heard) - len(fell)
        told = [f"A survey hears the stages of {len(heard)} of them: {first} came before its own drop, {none} of these without one in the half year after."]
        if fell:
            told.append(f"Where it fell, the lead was {np.median(fell):.0f} days in the median ({min(fell)} to {max(fell)}, {len(fell)} warnings).")
        return told

    def _of_losses(self) -> list[str]:
        if not self.lost_warned.whole:
            return ["Nobody is known to have left since the first warning, so its share of losses cannot be told."]
        return [
            f"Of {self.lost_warned.whole} customers who left since the first warning, {_told(self.lost_warned)} had passed where it warned in the half year "
            f"before; of {self.stayed_warned.whole} who stayed, {_told(self.stayed_warned)} had.",
            f"With a failure there: {_told(self.lost_failed)} of those who left, {_told(self.stayed_failed)} of those who stayed. "
            "This is association, not proof.",
        ]


def backtest(published: Warehouse, timezone: str) -> Backtest:
    """Hold a published run's warnings against what came after."""
    span = published.rows("warnings/past/span", timezone=timezone)[0]
    warned = published.rows("warnings/past/warned")
    days = (span["last_on"] - span["first_on"]).days + 1 - HISTORY if span["first_on"] else 0
    months = max(days, 0) / MONTH
    drops = _drops(published.frame("warnings/past/answers"))
    losses = published.rows("warnings/past/losses", timezone=timezone)[0]
    return Backtest(
        months=round(months, 2), warnings=len(warned), a_month=_rate(len(warned), months) if months else None,
        leads=[_lead(warning, drops.get(warning["stage"])) for warning in warned],
        lost_warned=_share(losses["lost_warned"], losses["lost"]), stayed_warned=_share(losses["stayed_warned"], losses["stayed"]),
        lost_failed=_share(losses["lost_failed"], losses["lost"]), stayed_failed=_share(losses["stayed_failed"], losses["stayed"]),
    )  # fmt: skip


def _drops(answers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """By stage and day: how many answers the last 28 days brought, and whether their mean has fallen."""
    found = {}
    for stage, rows in answers.groupby("stage"):
        daily = rows.assign(day=pd.to_datetime(rows["day"])).set_index("day")[["answers", "total", "squares"]].resample("D").sum()
        now, before = daily.rolling(RECENT, min_periods=1).sum(), daily.rolling(HABIT, min_periods=HABIT).sum().shift(RECENT)
        both = now + before
        spread = (both["squares"] / both["answers"] - (both["total"] / both["answers"]) ** 2).clip(lower=1e-6)
        error = np.sqrt(spread * (1 / now["answers"] + 1 / before["answers"]))
        fall = before["total"] / before["answers"] - now["total"] / now["answers"]
        enough = (now["answers"] >= LEAST_ANSWERS) & (before["answers"] >= LEAST_ANSWERS)
        found[str(stage)] = pd.DataFrame({"answers": now["answers"], "fell": enough & (fall > DROP * error)})
    return found


def _lead(warning: dict[str, Any], survey: pd.DataFrame | None) -> Lead:
    """One warning beside the survey of its stage."""
    opened: dt.date = warning["opened_on"]
    around = None if survey is None else survey[pd.Timestamp(opened) - pd.Timedelta(days=RECENT) : pd.Timestamp(opened) + pd.Timedelta(days=AROUND)]
    fell = None if around is None or not around["fell"].any() else around.index[around["fell"]][0].date()
    answers = 0 if around is None or around.empty else int(around["answers"].max())
    return Lead(warning["warning_id"], warning["stage"], opened, fell, None if fell is None else (fell - opened).days, answers)


def _rate(count: int, months: float) -> tuple[float, float, float]:
    """Low end, value and high end of a rate, by the square root of a Poisson count."""
    low, high = max(math.sqrt(count) - Z / 2, 0.0) ** 2, (math.sqrt(count + 1) + Z / 2) ** 2
    return round(low / months, 3), round(count / months, 3), round(high / months, 3)


def _share(part: int, whole: int) -> Share:
    """A share with Wilson's interval."""
    if not whole:
        return Share(part, whole, None, None, None)
    share, width = part / whole, Z * math.sqrt(part * (whole - part) / whole**3 + Z**2 / (4 * whole**2))
    middle, scale = share + Z**2 / (2 * whole), 1 + Z**2 / whole
    return Share(part, whole, share, max((middle - width) / scale, 0.0), min((middle + width) / scale, 1.0))


def _told(share: Share) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "none"
    return f"{share.part} ({share.value:.0%}, {share.low:.0%}–{share.high:.0%})"
