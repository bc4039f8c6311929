"""Service or experience: takes effort, contacts, moments and what people speak of, gives time saved, time well spent and signs of three risks.

A service saves time; an experience is time well spent. A company that only saves time risks that one offer is as good as
another (commoditisation), that customers stop caring (irrelevance), and that its own people do (indifference). Each measure
stands with its definition, its interval and whether it moved beyond noise; a sign of a risk is a measure that did, for the worse.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from listening import intervals
from listening.figures import capital, change, count, interval, listed, number, points, quantity
from listening.journey import Journey
from listening.leading import lived
from listening.leading.lived import KEY
from listening.leading.wording import SAME, moved, rows

SAVED, SPENT = "time saved", "time well spent"
COMMODITY, IRRELEVANT, INDIFFERENT = "commoditisation", "irrelevance", "indifference"
AXES, RISKS = (SAVED, SPENT), (COMMODITY, IRRELEVANT, INDIFFERENT)
WHOLE = "all"  # the company
LEAST = 5  # people, or pieces of feedback, below which nothing is told
AGAIN = 30  # days within which a customer who is in touch again is so for the same matter
BETTER, WORSE = "better", "worse"
SIGNS, WORDS = "signs", "words_per_customer"
FOUND = ["stage", "period_kind", "period", "measure", "value", "low", "high", "n", "denominator", "method"]
COUNTED = "share with its 90 % interval for sampling alone (Wilson)"
ADDED_UP = "stages together, each by its weight; 90 % interval from theirs (Zou and Donner 2008)"
MEAN = "mean with its 90 % interval (normal)"
CORRECTED = "corrected"
AS_READ = "uncorrected: as the classifier reads, 90 % interval for sampling alone (Wilson)"
POOLED = f"customers asked at random who answered, of four periods together, at least {lived.LEAST}; 90 % interval for sampling alone (Wilson)"


@dataclass(frozen=True)
class Measure:
    """One measure: the part it belongs to, whether more of it is better (1) or worse (-1), and its words.

    Attributes:
        name: as in the table.
        words: what it is called.
        of: what is counted, in the plural.
        definition: how it is made.
        missing: what would make it known.
        is_of_stages: whether stages have it, too, and not the company alone.
        says: what those that are counted do, where its words don't say it.
    """

    part: str
    name: str
    better: int
    words: str
    of: str
    definition: str
    missing: str
    is_of_stages: bool = True
    says: str = ""

    @property
    def told(self) -> str:
        """What those that are counted do, to follow on `of` in a sentence."""
        return self.says or self.words


_ASKED = "customers who answered when asked at random"
_ASKED_FOR_A_YEAR = f"{_ASKED} in four periods"
_SPOKEN = "pieces of feedback with words"
_CHECKINS = "no random check-in asks it (kind checkins, column {})"
_FEW_CHECKINS = f"fewer than {lived.LEAST} answered a random check-in that asks it (kind checkins, column {{}})"
_FEEDBACK = "no feedback with words in a language that is read"
_OWN = f"fewer than {LEAST} of our own people said anything in words (kind employee)"


def _spoken(part: str, name: str, better: int, words: str, what: str) -> Measure:
    definition = f"Share of pieces of feedback whose words hold one of the list '{name}' of words.yaml: {what}."
    return Measure(part, f"{name}_of_feedback", better, words, _SPOKEN, definition, _FEEDBACK)


def _inside(name: str, better: int, words: str, what: str) -> Measure:
    definition = f"Share of our own people who spoke, by the list '{name}' of words.yaml: {what}. Never told of fewer than {LEAST}, nor by stage or team."
    of = "voices of our own people"
    return Measure(INDIFFERENT, f"{name}_of_employees", better, f"our own people who {words}", of, definition, _OWN, is_of_stages=False, says=words)


MEASURES = (
    Measure(SAVED, "time_saved", 1, "say that it cost little effort", _ASKED_FOR_A_YEAR,
            "Customers asked at random whom it cost little effort, of four periods together; the axis of time saved.", _FEW_CHECKINS.format("effort")),
    Measure(SAVED, "effort_of_customers", -1, "say that it cost effort", _ASKED,
            "Share of customers asked at random whom it cost effort (stage_measures).", _CHECKINS.format("effort")),
    Measure(SAVED, "effort_of_feedback", -1, "tell that it cost much effort", "pieces of feedback that speak of effort",
            "Share of feedback that tells it was laborious, of what speaks of effort at all (stage_measures).", "no feedback speaks of effort"),
    Measure(SAVED, "repeat_contacts", -1, f"come within {AGAIN} days of an earlier contact", "tickets, chats and calls of named customers",
            f"Share of tickets, chats and calls before which the same customer had been in touch (about the same stage) within {AGAIN} days.",
            "no ticket, chat or call names its customer"),
    _spoken(SAVED, "waiting", -1, "speak of waiting", "waiting, being on hold, no answer yet"),
    Measure(SAVED, "late_promises", -1, "promises of a time that were not kept", "promises of a time",
            "Share that failed of operational measures whose name promises a time (list 'time_promises' of words.yaml).",
            "no operational measure promises a time (kind operations)", says="were not kept"),
    Measure(SPENT, "time_well_spent", 1, "have something good to remember", _ASKED_FOR_A_YEAR,
            "Customers asked at random who will remember it gladly, of four periods together; the axis of time well spent.", _FEW_CHECKINS.format("memorable")),
    Measure(SPENT, "memorable_good_of_customers", 1, "will remember it gladly", _ASKED,
            "Share of customers asked at random who will remember it gladly (stage_measures).", _CHECKINS.format("memorable")),
    Measure(SPENT, "memorable_good_of_feedback", 1, "tell of something good to remember", _SPOKEN,
            "Share of feedback that tells of something good that would be told in a year (stage_measures).", _FEEDBACK),
    _spoken(SPENT, "achievement", 1, "speak of something achieved", "something reached or managed"),
    _spoken(SPENT, "connection", 1, "speak of people they were with", "family, friends, being known by name"),
    _spoken(SPENT, "transformation", 1, "speak of a life that changed", "a habit, freedom, health, never looking back"),
    _spoken(COMMODITY, "price", -1, "speak of price", "price, cost, cheaper, discount"),
    _spoken(COMMODITY, "switching", -1, "speak of others or of switching", "competitors, alternatives, comparing, going elsewhere"),
    _spoken(COMMODITY, "singular", 1, "name something singular", "one of a kind, nowhere else, stands out"),
    Measure(IRRELEVANT, WORDS, 1, "words of each customer who spoke", "customers who spoke in words",
            "Mean number of words, in the whole period, of each customer who said anything in words.", _FEEDBACK),
    Measure(IRRELEVANT, "neutral_of_feedback", -1, "speak without feeling", _SPOKEN,
            "Share of feedback with words whose tone is neither good nor bad (sentiment within 0.1 of zero).", _FEEDBACK),
    Measure(IRRELEVANT, "quiet_customers", -1, "customers who passed no stage", "customers who were there throughout",
            "Share of those who were customers all through the period and passed no stage in it, as in customer_assets.",
            "that takes a source of kind customers and one of kind operations that names customers", is_of_stages=False, says="passed no stage"),
    _inside("pride", 1, "speak with pride", "pride, loving the work or the place"),
    _inside("difference", 1, "tell of making a difference", "having helped, being thanked"),
    _inside("detachment", -1, "speak with detachment", "not my job, what's the point, nobody listens"),
)  # fmt: skip
BY_NAME = {measure.name: measure for measure in MEASURES}
AXIS = {SAVED: "time_saved", SPENT: "time_well_spent"}
RISK = {
    COMMODITY: "One offer seems as good as another: talk of price and of switching grows, and nothing singular is named.",
    IRRELEVANT: "Customers stop caring: fewer words, more of them without feeling, and more customers who come nowhere.",
    INDIFFERENT: "Our own people stop caring: less pride, less of making a difference, more detachment.",
}


def of_counts(counts: pd.DataFrame, name: str) -> pd.DataFrame:
    """A share by stage and period, of counts in `hits` and `denominator`."""
    value, low, high = intervals.share(counts["hits"], counts["denominator"])
    return counts.assign(measure=name, value=value, low=low, high=high, n=counts["hits"], method=COUNTED)[FOUND]


def of_promises(counts: pd.DataFrame, is_of_time: pd.Series[bool]) -> pd.DataFrame:
    """How many promises of a time failed, by stage and period and of the whole company."""
    own = counts[is_of_time]
    both = pd.concat([own, own.assign(stage=WHOLE)])
    return of_counts(both.groupby(KEY, as_index=False)[["hits", "denominator"]].sum(), "late_promises")


def of_moods(moods: pd.DataFrame) -> list[pd.DataFrame]:
    """Neutral feedback, and words per customer, by stage and period."""
    neutral = of_counts(moods.rename(columns={"neutral": "hits", "pieces": "denominator"}), "neutral_of_feedback")
    half = intervals.Z * moods["deviation"] / np.sqrt(moods["speakers"])
    words = {"measure": WORDS, "value": moods["words"], "low": (moods["words"] - half).clip(lower=0), "high": moods["words"] + half}
    return [neutral, moods.assign(**words, n=moods["speakers"], denominator=moods["speakers"], method=MEAN)[FOUND]]


def of_asked(grid: pd.DataFrame, asked: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """What customers asked at random answered: of each period, and of four together for the two axes; with the customers of the stage to weigh by."""
    counts = lived.pooled(grid, asked, ["effort", "laborious", "memorable", "memorable_good"])
    easy = counts.assign(hits=counts["effort"] - counts["laborious"], denominator=counts["effort"])
    glad = counts.assign(hits=counts["memorable_good"], denominator=counts["memorable"])
    axes = pd.concat([of_counts(easy, AXIS[SAVED]), of_counts(glad, AXIS[SPENT])]).assign(method=POOLED)
    effort = of_counts(asked.rename(columns={"laborious": "hits", "effort": "denominator"}), "effort_of_customers")
    moments = of_counts(asked.rename(columns={"memorable_good": "hits", "memorable": "denominator"}), "memorable_good_of_customers")
    told = pd.concat([axes[axes["denominator"] >= lived.LEAST], effort, moments], ignore_index=True)
    return told.merge(customers[[*KEY, "customers"]], on=KEY, how="left")


def of_feedback(counts: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Effort and moments in feedback: as stage_measures corrects them where it does, else as they were read, which is known of windows not told of, too."""
    effort = of_counts(counts.assign(hits=counts["laborious"], denominator=counts["laborious"] + counts["easy"]), "effort_of_feedback")
    moments = of_counts(counts.assign(hits=counts["memorable_good"], denominator=counts["worded"]), "memorable_good_of_feedback")
    read = pd.concat([effort, moments]).assign(method=AS_READ)
    return pd.concat([told.loc[told["method"].str.startswith(CORRECTED), FOUND], read]).drop_duplicates([*KEY, "measure"])


def together(of_stages: pd.DataFrame, weight: str) -> pd.DataFrame:
    """The company's share from its stages', each by its weight; the interval from theirs, as of independent estimates."""
    own = of_stages[of_stages[weight].gt(0)].copy()
    key = ["period_kind", "period", "measure"]
    own["weight"] = own[weight] / own.groupby(key)[weight].transform("sum")
    own["down"], own["up"] = ((own["weight"] * (own[end] - own["value"])) ** 2 for end in ("low", "high"))
    own["value"] = own["weight"] * own["value"]
    told = own.groupby(key, as_index=False)[["value", "down", "up", "n", "denominator"]].sum()
    low, high = told["value"] - np.sqrt(told["down"]), told["value"] + np.sqrt(told["up"])
    return told.assign(stage=WHOLE, low=low.clip(lower=0), high=high.clip(upper=1), method=ADDED_UP)[FOUND]


def compared(grid: pd.DataFrame, found: pd.DataFrame, journey: Journey) -> pd.DataFrame:
    """The rows of `experience`: every measure of every stage and of the company, with its change, and the signs of each risk.

    Args:
        grid: every stage, the company among them, and period, with those to compare with.
        found: what is known of each measure, of stages and periods.
        journey: for the stages' names.
    """
    wanted = pd.concat([grid[grid["stage"].eq(WHOLE) | measure.is_of_stages].assign(part=measure.part, measure=measure.name) for measure in MEASURES])
    frame = wanted.merge(found.drop_duplicates([*KEY, "measure"]), on=[*KEY, "measure"], how="left")
    frame[["value", "low", "high", "denominator"]] = frame[["value", "low", "high", "denominator"]].astype(float)
    is_few = ~frame["denominator"].ge(LEAST)
    frame.loc[is_few, ["value", "low", "high", "n"]] = np.nan
    frame.loc[is_few & frame["part"].eq(INDIFFERENT), "denominator"] = np.nan  # how few, too, would tell of persons
    frame = _moved(frame.sort_values(["stage", "measure", "period_kind", "period_start"], kind="stable").reset_index(drop=True))
    frame["name"] = frame["measure"].map(lambda name: capital(BY_NAME[name].words))
    frame["definition"] = frame["measure"].map(lambda name: BY_NAME[name].definition)
    titles = journey.titles | {WHOLE: "The whole company"}
    frame["text"] = [_sentence(row, titles[row["stage"]]) for row in rows(frame)]
    return pd.concat([frame, _signs(frame, titles)], ignore_index=True)


def _moved(frame: pd.DataFrame) -> pd.DataFrame:
    """Each row with its change against the period before (Zou and Donner 2008); none where the two were made differently."""
    frame = frame.assign(is_corrected=frame["method"].str.startswith(CORRECTED, na=False))
    before = frame.groupby(["stage", "measure", "period_kind"])[["value", "low", "high", "is_corrected", "period_end"]].shift()
    is_next = before["period_end"].eq(frame["period_start"]) & before["is_corrected"].eq(frame["is_corrected"])
    is_next &= ~frame["measure"].isin(list(AXIS.values()))  # of four periods together, three stay the same
    is_whole = frame["is_over"].astype(bool) | frame["period_kind"].eq("rolling") | frame["measure"].ne(WORDS)  # in half a quarter fewer are said
    change = (frame["value"] - before["value"]).where(is_next & is_whole)
    low = change - np.hypot(frame["value"] - frame["low"], before["high"] - before["value"])
    high = change + np.hypot(frame["high"] - frame["value"], before["value"] - before["low"])
    is_good = frame["measure"].map(lambda name: BY_NAME[name].better).gt(0)
    return moved(frame, change, low, high, np.where(is_good, BETTER, WORSE), np.where(is_good, WORSE, BETTER))


def _sentence(row: dict[str, Any], title: str) -> str:
    measure = BY_NAME[row["measure"]]
    ends = [row[end] for end in ("value", "low", "high")]
    if pd.isna(row["value"]):
        what = "words each customer said" if measure.name == WORDS else f"{measure.of} {measure.told}"
        return f"{title}: how many {what} is not known: {_why(row, measure)}."
    if measure.name == WORDS:
        return f"{title}: {quantity(ends[0], ends[1], ends[2], 'word', 'words')} on average from {number(row['denominator'])} {measure.of}{_trend(row)}."
    return f"{title}: {interval(*ends)} of {number(row['denominator'])} {measure.of} {measure.told}{_trend(row)}."


def _why(row: dict[str, Any], measure: Measure) -> str:
    """Why a measure is not known, and what would make it known."""
    if pd.notna(row["denominator"]) and row["denominator"] > 0:
        return f"there {'was' if row['denominator'] == 1 else 'were'} only {number(row['denominator'])}, and it takes {LEAST}"
    if row["stage"] == WHOLE and measure.of in (_ASKED, _ASKED_FOR_A_YEAR):
        return f"{measure.missing}, or no source tells how many customers each stage has (kind operations)"
    return measure.missing


def _trend(row: dict[str, Any]) -> str:
    if row["direction"] is None:
        return "" if row["measure"] in AXIS.values() else "; nothing to compare it with"
    ends = [row[end] for end in ("change", "change_low", "change_high")]
    moved = change(ends[0], ends[1], ends[2], "word", "words") if row["measure"] == WORDS else points(*(100 * end for end in ends))
    noise = "no more than noise" if row["direction"] == SAME else f"more than noise, for the {row['direction']}"
    return f"; {moved} against the period before, {noise}"


def _signs(frame: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """Of each risk how many of its measures got worse beyond noise, of those whose change is known."""
    has_them = frame["part"].isin(RISKS) & (frame["stage"].eq(WHOLE) | frame["part"].eq(COMMODITY))  # the others have measures of the company alone
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = collections.defaultdict(list)
    for row in rows(frame[has_them]):
        groups[tuple(row[name] for name in (*KEY, "part"))].append(row)
    return pd.DataFrame([_counted(group, titles) for group in groups.values()])


def _counted(group: list[dict[str, Any]], titles: dict[str, str]) -> dict[str, Any]:
    """The row that counts a risk's signs."""
    known = [row for row in group if row["direction"] is not None]
    worse = [row["name"] for row in known if row["direction"] == WORSE]
    unknown = [BY_NAME[row["measure"]] for row in group if row["direction"] is None]
    stage, part = group[0]["stage"], group[0]["part"]
    head = capital(part) if stage == WHOLE else f"{titles[stage]}, {part}"
    return {
        **{name: group[0][name] for name in (*KEY, "period_start", "period_end", "is_over", "part")},
        "measure": SIGNS, "name": part.capitalize(), "n": len(worse), "denominator": len(known), "value": len(worse) / len(known) if known else None,
        "method": "a count of measures", "definition": RISK[part], "text": _of_risk(head, worse, len(known), unknown),
    }  # fmt: skip


def _of_risk(head: str, worse: list[str], known: int, unknown: list[Measure]) -> str:
    if not known:
        reasons = "; ".join(dict.fromkeys(measure.missing for measure in unknown))
        return f"{head}: whether there are signs of it is not known: {reasons}, or too little of it now or in the period before."
    named = f": {listed([f'‘{name}’' for name in worse])}" if worse else ""
    rest = f"; of {len(unknown)} more it is not known" if unknown else ""
    return f"{head}: {len(worse) or 'none'} of {count(known, 'measure', 'measures')} got worse beyond noise{named}{rest}."
