"""Figures, dates and codes in, the words that a CX lead reads out: '42 % (36–48 %)', '9 Sep to 7 Dec 2022', 'Got worse'."""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple
from zoneinfo import ZoneInfo

from listening.figures import day, interval, points, signed
from listening.publish.facts import Facts

OF_CUSTOMERS = {"trouble": "trouble_of_customers", "great": "great_of_customers"}  # of stage_measures
MEASURES = {  # what the measures beside the level are called, by the first part of their name
    "expectation_below": "Got less than expected", "expectation_met": "Got what they expected", "expectation_exceeded": "Got more than expected",
    "effort": "It cost them effort", "memorable_good": "Something good to remember", "memorable_bad": "Something bad to remember",
    "recommend": "Would recommend",
}  # fmt: skip
LEAST = 5  # with fewer a share would say nothing
SIDES = {"trouble": "in trouble", "great": "living it great"}
COLUMNS = {"trouble": "negative", "great": "positive"}  # of stage_sources
KINDS = {
    "survey": "survey answers", "ticket": "tickets", "review": "reviews", "chat": "chats", "social": "posts", "call": "calls",
    "employee": "employees’ words", "supplier": "suppliers’ words",
}  # fmt: skip


class State(NamedTuple):
    """How a stage stands against the 90 days before: a key for colours, words, and a sign that needs no colour."""

    key: str
    words: str
    sign: str


WORSE = State("worse", "Got worse", "▼")
BETTER = State("better", "Got better", "▲")
SAME = State("same", "No clear change", "=")
NEW = State("new", "Nothing to compare with yet", "•")
LITTLE = State("little", "Too little feedback", "?")
SILENT = State("silent", "Nobody spoke", "–")
LEVELS = {  # how all customers live a stage, by where the whole interval of net experience lies
    "well": State("well", "Lived well", "+"), "mixed": State("mixed", "Mixed", "±"), "badly": State("badly", "Lived badly", "−"),
    "unknown": State("unknown", "Not known", "?"),
}  # fmt: skip
PARTS = {  # the headings of a story by the part that its sentences belong to, in the order in which a reader asks
    "level": "How customers live it", "change": "Against before and other stages", "where": "Where and about what", "expectation": "Expectation",
    "scores": "Scores beside it", "unheard": "Whom we did not hear",
}  # fmt: skip
OUTCOMES = {"left": "Leaving", "bought_less": "Buying less", "recommended": "Recommending", "warned": "Warning others"}
MOVEMENTS = {  # of customer_assets
    "active": "Customers at its end", "gained": "Gained", "lost": "Lost", "net": "Gained less lost", "lost after a failure": "Lost after a failure",
    "lost in silence after a failure": "Lost after a failure, in silence", "grown": "Worth more than before", "shrunk": "Worth less than before",
    "quiet": "Quiet: nothing seen or heard of them",
}  # fmt: skip
_UNSEEN = re.compile(  # controls, marks of direction, invisible operators, tags, halves of surrogate pairs; joiners stay, which scripts and emoji need
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Text without what is not seen but acts: it could steer a terminal, turn a line round or hide words."""
    return _UNSEEN.sub("", text)


def state(story: Facts | None) -> State:
    """The state of a stage by its story of the last 90 days."""
    if story is None or not story["records"]:
        return SILENT
    if story["evidence_level"] == "insufficient":
        return LITTLE
    return {"worse": WORSE, "better": BETTER, "no clear change": SAME}.get(story["direction"], NEW)


def level(story: Facts | None) -> State:
    """How all customers live a stage, where it is estimated."""
    if story is None or story["evidence_level"] != "estimate":
        return LEVELS["unknown"]
    return LEVELS["well" if story["net_low"] > 0 else "badly" if story["net_high"] < 0 else "mixed"]


def of_100(measure: Facts) -> str:
    """A share of customers with its interval, as '31 of 100 (24–38)'."""
    return f"{measure['value'] * 100:.0f} of 100 ({measure['low'] * 100:.0f}–{measure['high'] * 100:.0f})"


def side(source: Facts, of: str) -> str | None:
    """What a source says of one side ('trouble' or 'great'); nothing where fewer than five spoke."""
    if source["n"] < LEAST:
        return None
    column = COLUMNS[of]
    return interval(source[column], source[f"{column}_low"], source[f"{column}_high"])


def change(measure: Facts) -> str:
    """A change in points with its interval."""
    return points(measure["value"], measure["low"], measure["high"])


def net(row: Facts, name: str = "indicator") -> str:
    """A net −100 … 100 with its interval; the interval of a score's net is called low and high."""
    low, high = ("low", "high") if name in ("net", "value") else (f"{name}_low", f"{name}_high")
    return f"{signed(row[name])} ({signed(row[low])} to {signed(row[high])})"


def mean(score: Facts) -> str:
    """A mean score with its interval, where more than one answered."""
    if score["mean_low"] is None:
        return f"{score['mean']:.1f}"
    return f"{score['mean']:.1f} ({score['mean_low']:.1f} to {score['mean_high']:.1f})"


def scale(score: Facts) -> str:
    """A score's scale, its worst value first."""
    if score["score_worst"] is None or score["score_best"] is None:
        return "not known"
    return f"{score['score_worst']:g} to {score['score_best']:g} (best)"


def place(story: Facts, stages: int) -> str:
    """The ranks that a stage may well have, as '2 to 4 of 8'."""
    low, high = story["order_low"], story["order_high"]
    return f"{low} of {stages}" if low == high else f"{low} to {high} of {stages}"


def since(compared_on: dt.date | None, today: dt.date) -> str:
    """What a list of changes is called: 'Since yesterday', or since the day of the night that is compared with."""
    return "Since yesterday" if compared_on is None or (today - compared_on).days == 1 else f"Since {day(compared_on)}"


def moment(when: dt.datetime | None, timezone: str) -> str:
    """A time as '22 Nov 2026, 02:01' on the company's clock."""
    if when is None:
        return "never"
    local = when.astimezone(ZoneInfo(timezone))
    return f"{day(local.date())}, {local:%H:%M}"


def kind(name: str) -> str:
    """What a kind of source brings, in the plural."""
    return KINDS.get(name, name)


def breakable(name: str) -> str:
    """A name that a narrow column may break after an underscore."""
    return name.replace("_", "_\u200b")


def problem(source: Facts) -> str:
    """What is wrong with a source, with its name in front."""
    words: str = source["problem"]
    return words if words.startswith(f"{source['source']}:") else f"{source['source']}: {words}"


def in_points(row: Facts, column: str) -> str:
    """A column and its interval in points, as of an action's effect; a share's are hundredths."""
    times = 1 if "net" in str(row["measure"]) else 100
    return points(*(times * row[f"{column}{end}"] for end in ("", "_low", "_high")))


def phrase(measure: str) -> str:
    """The name of an operational measure or a dimension as words."""
    return measure.replace("_", " ")


def about(warning: Facts) -> str:
    """What a warning is about, as a heading."""
    if warning["measure"]:
        return f"Failures of ‘{phrase(warning['measure'])}’"
    return f"Trouble with ‘{warning['theme_name']}’" if warning["theme_name"] else "Trouble"


def moved(theme: Facts) -> str:
    """The change of a theme's share in points, with its interval."""
    return change({"value": 100 * theme["change"], "low": 100 * theme["change_low"], "high": 100 * theme["change_high"]})


def parts(sentences: list[Facts]) -> list[tuple[str, list[str]]]:
    """A story's sentences under the headings of what they are about, in the order in which a reader asks."""
    told = [(heading, [sentence["text"] for sentence in sentences if sentence["part"] == part]) for part, heading in PARTS.items()]
    return [(heading, said) for heading, said in told if said]
