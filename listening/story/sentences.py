"""The story in words: takes a stage's figures, gives sentences that a CX lead can read without a glossary.

The wording follows the evidence. Only an estimate speaks of all customers; without one each source is told by itself.
A stage as a whole takes six to ten sentences, a cut of its customers or a touchpoint two to four.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from listening.figures import capital, count, interval, number, points, signed, span
from listening.journey import Journey

KEY = ["period_kind", "period", "cut_by", "cut_value", "stage"]
SPOKEN_FROM = 5  # units of one source, or answers; with fewer a share would say nothing
SOURCES_TOLD = 3  # of those that spoke most
LEAST_BELOW = 2  # who got less than expected though every measure went well, to be told of
LEAST_NAMED = 3  # units, for a theme to be named as what is told most
THEMES_NAMED = 2  # of each side
SPOKEN_MEASURES = ("trouble_of_customers", "great_of_customers", "expectation_", "survey_")  # how those begin that sentences tell of
OF_SOURCES = ["source", "kind", "units", "n", *(f"{name}{end}" for name in ("negative", "positive", "indicator") for end in ("", "_low", "_high"))]
KINDS = {"survey": "survey answers", "ticket": "tickets", "review": "reviews", "chat": "chats", "social": "posts", "call": "calls"}

Row = dict[str, Any]
Rows = defaultdict[tuple[str, ...], list[Row]]


@dataclass
class Known:
    """All that is known of one stage, period and cut."""

    row: Row
    title: str
    stages: int
    sources: list[Row] = field(default_factory=list)
    scores: list[Row] = field(default_factory=list)
    places: list[Row] = field(default_factory=list)
    themes: list[Row] = field(default_factory=list)
    measures: dict[str, Row] = field(default_factory=dict)
    covered: Row = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether it is of all customers, not of a cut."""
        return bool(self.row["cut_by"] == "all")

    @property
    def told(self) -> list[Row]:
        """The sources of which a share can be told, what spoke most first."""
        return [source for source in self.sources if source["n"] >= SPOKEN_FROM]


class Sentence(NamedTuple):
    """One sentence of a story and the part of it: level, change, where, expectation, scores or unheard."""

    part: str
    text: str


def tell_all(
    journey: Journey,
    stories: pd.DataFrame,
    sources: pd.DataFrame,
    scores: pd.DataFrame,
    places: pd.DataFrame,
    themes: pd.DataFrame,
    measures: pd.DataFrame,
    coverage: pd.DataFrame,
    least: int,
) -> list[list[Sentence]]:
    """The sentences of a story for each row of `stories`, in their order; `least` units of a source are enough to tell of a stage.

    The other tables are what else is known: of each source, its scores, places where trouble gathers, the themes
    that are told most, the stage's measures, and who spoke.
    """
    whole = {"cut_by": "all", "cut_value": "all"}
    spoken = measures["measure"].str.startswith(SPOKEN_MEASURES)
    of_sources, of_scores, of_measures = (
        _grouped(sources.loc[sources["units"] > 0, [*KEY, *OF_SOURCES]]),
        _grouped(scores),
        _grouped(measures.loc[spoken, [*KEY, "measure", "value", "low", "high", "n", "denominator"]]),
    )
    of_places = _grouped(places.assign(cut_here=places["cut_by"], value_here=places["cut_value"], **whole))
    of_themes, covered = _grouped(themes), _grouped(coverage[coverage["source"] == "all"].assign(**whole))
    told = []
    for row in rows(stories):
        key = _key(row)
        known = Known(
            row, journey.titles[row["stage"]], len(journey.names), sorted(of_sources[key], key=lambda source: (-source["n"], source["source"])),
            of_scores[key], of_places[key], of_themes[key], {each["measure"]: each for each in of_measures[key]}, next(iter(covered[key]), {}),
        )  # fmt: skip
        told.append(_story(known, least))
    return told


def rows(frame: pd.DataFrame) -> list[Row]:
    """A table's rows as plain dictionaries; what is missing is None."""
    columns = {str(name): frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def of_touchpoint(point: Row) -> str:
    """What was said of a touchpoint, and whether anybody asks about it."""
    heard = "nobody spoke of it"
    if point["units"]:
        heard = f"{count(point['units'], 'piece of feedback', 'pieces of feedback')} from {_number_of(point['sources'])}"
    told = ""
    if point["n"] >= SPOKEN_FROM:
        shares = f"{_share(point, 'trouble_share', 'trouble')} in trouble, {_share(point, 'great_share', 'great')} living it great"
        told = f"Of the {point['n']} that tell good from bad, {shares}."
    asked = "" if point["survey_answers"] else "No survey asks about it."
    owner = "" if point["owner"] else "Nobody is named as its owner."
    return " ".join(part for part in (f"{point['name']}, {_days(point)}{_running(point)}: {heard}.", told, asked, owner) if part)


def _story(known: Known, least: int) -> list[Sentence]:
    row = known.row
    if row["evidence_level"] == "insufficient":
        told = {"level": [_too_little(known, least), _why(known)]}
    elif row["evidence_level"] == "estimate":
        told = {"level": [_opening(known), _level(known)], "change": [_order(known), *_change(row)], **_beside(known), "unheard": [_silent(known)]}
    else:
        told = {
            "level": [_opening(known), *_by_source(known), _why(known)], "change": [*_change(row), _order(known)],
            **_beside(known), "unheard": [_silent(known), _caution(known)],
        }  # fmt: skip
    return [Sentence(part, text) for part, texts in told.items() for text in texts if text]


def _beside(known: Known) -> dict[str, list[str]]:
    """What is told of a stage as a whole only, between its change and whom we did not hear."""
    if not known.is_whole:
        return {}
    return {
        "where": [*map(_place, known.places), _themes(known)],
        "expectation": [_expected(known), _kept(known)],
        "scores": [_means(known), _trust(known), _answered(known)],
    }


# what was heard


def _named(known: Known) -> str:
    row = known.row
    cut = "" if known.is_whole else f" ({row['cut_by']}: {row['cut_value']})"
    return f"{known.title}{cut}, {_days(row)}{_running(row)}"


def _too_little(known: Known, least: int) -> str:
    number = known.row["units"]
    if not number:
        return f"{_named(known)}: nobody spoke of it, which is no sign that all is well."
    if number == 1:
        return f"{_named(known)}: only one piece of feedback, too little to say how customers live here."
    if number < least:
        return f"{_named(known)}: only {number} pieces of feedback, too few to say how customers live here."
    if known.row["most"] >= least:
        return f"{_named(known)}: {number} pieces of feedback from {_number_of(len(known.sources))}."
    where = "it does not bring" if len(known.sources) == 1 else "no source brings"
    return f"{_named(known)}: {number} pieces of feedback from {_number_of(len(known.sources))}, but {where} {least} that tell good from bad, too few to go by."


def _opening(known: Known) -> str:
    row, sources = known.row, known.sources
    if not sources:
        heard = "nobody spoke up"
    elif len(sources) == 1:
        heard = f"{row['units']} {_things(sources[0])}, all from {sources[0]['source']}"
    else:
        heard = f"{row['units']} pieces of feedback from {len(sources)} sources ({', '.join(source['source'] for source in sources)})"
    if row["customers"] is not None:
        heard += f"; {number(row['customers'])} customers were there"
    return f"{_named(known)}: {heard}."


def _by_source(known: Known) -> list[str]:
    lines = []
    for source in known.told[:SOURCES_TOLD]:
        shares = f"{_interval(source, 'negative')} in trouble, {_interval(source, 'positive')} living it great."
        if len(known.sources) > 1:
            shares = f"{source['source']} ({source['n']} {_things(source)}): {shares}"
        elif source["n"] < source["units"]:
            shares = f"Of the {source['n']} that tell good from bad, {shares}"
        lines.append(shares)
    return lines


def _themes(known: Known) -> str:
    """What trouble is told of most, and what delight, with the shares of those who tell of any."""
    parts = []
    for words, side in (("trouble", "trouble"), ("delight", "great")):
        most = [theme for theme in known.themes if theme["side"] == side]
        if most:
            named = " and ".join(f"{_share(theme, 'share')} name {theme['name']}" for theme in most)
            parts.append(f"of {most[0]['denominator']} who tell of {words}, {named}")
    told = "; ".join(parts)
    return f"{told[0].upper()}{told[1:]}." if told else ""


def _place(place: Row) -> str:
    """Where trouble gathers, as counts; that the place goes with it is all that is known."""
    return (
        f"Trouble gathers at {place['value_here']} ({place['cut_here']}): {place['trouble_here']} of {place['n_here']} in {place['source']}, "
        f"against {place['trouble_elsewhere']} of {place['n_elsewhere']} elsewhere."
    )


# how all customers live


def _level(known: Known) -> str:
    row, trouble, great = known.row, *(known.measures[f"{side}_of_customers"] for side in ("trouble", "great"))
    asked = (
        count(row["answers"], "customer asked at random has answered", "customers asked at random have answered")
        if row["answers"]
        else ("nobody asked at random in this period has answered, so it leans on other periods and on the sources")
    )
    return (
        f"We estimate that of 100 customers {_of_100(trouble)} had trouble and {_of_100(great)} lived it great, a net experience of "
        f"{signed(row['net_experience'])} ({signed(row['net_low'])} to {signed(row['net_high'])}); {asked}."
    )


def _order(known: Known) -> str:
    best, worst = known.row["order_low"], known.row["order_high"]
    if best is None or not known.is_whole or known.stages < 2:
        return ""
    if best == worst:
        return f"Among the {known.stages} stages it is number {best:.0f}, 1 being the best."
    return f"Among the {known.stages} stages it comes between number {best:.0f} and number {worst:.0f}, 1 being the best."


def _change(row: Row) -> list[str]:
    if row["change"] is not None:
        return [f"{_moved(row)}: net experience moved by {points(row['change'], row['change_low'], row['change_high'])}."]
    if row["net_change"] is None:
        return ["There is nothing to compare it with: no source spoke enough in the period before."] if row["evidence_level"] == "direction" else []
    moved = points(row["net_change"], row["net_change_low"], row["net_change_high"])
    apart = f"But sources moved apart: {row['rose']} up, {row['fell']} down." if row["rose"] and row["fell"] else ""
    return [f"{_moved(row)}: great minus trouble moved by {moved}, each source compared with itself.", apart]


def _moved(row: Row) -> str:
    before = f"the {row['before']}" if row["period_kind"] == "rolling" else row["before"]
    return {"better": f"Better than in {before}", "worse": f"Worse than in {before}"}.get(row["direction"], f"No clear change from {before}")


def _expected(known: Known) -> str:
    """What they had expected and what they got, of customers asked at random where there are enough, else of those who spoke of it."""
    for whom, words in (("customers", "asked at random what they had expected"), ("feedback", "pieces of feedback that speak of what was expected")):
        below, above = (known.measures.get(f"expectation_{name}_of_{whom}") for name in ("below", "exceeded"))
        if below and above and below["denominator"] >= SPOKEN_FROM:
            moved = known.measures.get(f"expectation_exceeded_change_of_{whom}")
            trend = f", {signed(100 * moved['value'])} points from before" if moved and (moved["high"] < 0 or moved["low"] > 0) else ""
            return f"Of {below['denominator']} {words}, {_share(below)} got less and {_share(above)} more{trend}."
    return ""


def _kept(known: Known) -> str:
    """What the letter of the promise leaves out."""
    kept = known.measures.get("expectation_below_of_kept_customers")
    if not kept or kept["denominator"] < SPOKEN_FROM or kept["n"] < LEAST_BELOW:
        return ""
    return f"Even of the {kept['denominator']} among them for whom every measure went well, {_share(kept)} got less than they had expected."


def _means(known: Known) -> str:
    """What the scores are on average."""
    scores = [
        f"{score['score_name'] or 'the score'} in {score['source']} {score['mean']:.1f} ({score['mean_low']:.1f}–{score['mean_high']:.1f}; "
        f"{score['score_worst']:g} is worst, {score['score_best']:g} best; {score['n']} answers)"
        for score in sorted(known.scores, key=lambda score: (score["source"], score["score_name"] or ""))
        if score["n"] >= SPOKEN_FROM
    ]
    return f"On average: {', '.join(scores)}." if scores else ""


def _trust(known: Known) -> str:
    """Whether the survey is out of step with the story told without it, beyond what is usual of surveys."""
    row, excess = known.row, known.measures.get("survey_excess")
    if row["survey_gap"] is None or excess is None:
        return ""
    if row["survey_gap"]:
        heard = f"; of the customers with a failure or a ticket it heard 1 in {1 / row['heard_of_troubled']:.0f}" if row["heard_of_troubled"] else ""
        return f"Do not go by {row['survey']} here: set beside all else it is {_rosier(excess)}{heard}."
    if excess["low"] > 0:
        return f"Set beside all else, {row['survey']} is {_rosier(excess)}; that may be chance."
    return f"Set beside all else, {row['survey']} is not out of step."


def _rosier(excess: Row) -> str:
    return f"{excess['value']:.0f} points rosier than surveys usually are ({signed(excess['low'])} to {signed(excess['high'])})"


def _answered(known: Known) -> str:
    ratio = known.measures.get("survey_ratio_of_failed")
    if not ratio or ratio["low"] <= 1 <= ratio["high"]:
        return ""
    return f"Customers with a failure answered the survey {ratio['value']:.1f} times as often as those without ({ratio['low']:.1f}–{ratio['high']:.1f})."


def _silent(known: Known) -> str:
    """Whom we did not hear, of a stage as a whole."""
    if not known.is_whole:
        return ""
    silent, heard = known.covered.get("failed_silent") or 0, known.covered.get("failed_heard") or 0
    if not silent + heard:
        return ""
    failed = count(silent + heard, "customer", "customers")
    if not silent:
        return f"A measure failed for {failed}, and all of them spoke up."
    return f"A measure failed for {failed}, and {number(silent) if heard else 'all'} of them said nothing in any source: silence is not content."


def _why(known: Known) -> str:
    """Why there is no number of all customers."""
    row = known.row
    if not known.is_whole or row["period_kind"] == "month" or not row["why"]:
        return ""
    answered = count(row["year_answers"] or 0, "customer asked at random has", "customers asked at random have")
    told: dict[str, str] = {
        "few customers": f"Only {count(row['customers'] or 0, 'customer was', 'customers were')} there, too few for a number.",
        "few answers": f"Only {answered} answered here in a year, too few for a number of all customers.",
        "cells unknown": "A number of all customers takes operations with customers' ids, to know for whom something failed.",
        "answer ratio": "Customers with a failure or a ticket answer so much less when asked at random that no number of all customers can be given.",
        "wide": f"{capital(answered)} answered here in a year, too few for a number of all customers.",
    }
    return told.get(row["why"], "")


def _caution(known: Known) -> str:
    """Where sources contradict each other, and what none of them can say."""
    if not known.told:
        return ""
    best, worst = max(known.told, key=lambda source: source["indicator"]), min(known.told, key=lambda source: source["indicator"])
    if best["indicator_low"] > 0 > worst["indicator_high"]:
        return (
            f"The sources disagree: what {best['source']} brings sounds well, what {worst['source']} brings does not. Each hears other customers, "
            "so neither tells how all customers live here."
        )
    return "This is what those who spoke said, not how all customers live here."


# figures in words


def _things(source: Row) -> str:
    return KINDS.get(source["kind"], "pieces of feedback")


def _number_of(sources: int) -> str:
    return "one source" if sources == 1 else f"{sources} sources"


def _interval(source: Row, name: str) -> str:
    return _share(source, name, name)


def _share(row: Row, name: str = "value", stem: str | None = None) -> str:
    """A share with its interval; the interval's ends are called low and high, or begin with `stem`."""
    low, high = ("low", "high") if stem is None else (f"{stem}_low", f"{stem}_high")
    return interval(row[name], row[low], row[high])


def _of_100(measure: Row) -> str:
    value, low, high = (100 * measure[name] for name in ("value", "low", "high"))
    return f"{value:.0f} ({low:.0f}–{high:.0f})"


# periods in words


def _days(row: Row) -> str:
    """First to last day of the period, such as '9 Sep to 7 Dec 2022'."""
    return span(pd.Timestamp(row["period_start"]).date(), pd.Timestamp(row["period_end"]).date() - dt.timedelta(days=1))


def _running(row: Row) -> str:
    return "" if row["is_over"] or row["period_kind"] == "rolling" else " (not over yet)"


# tables by row


def _key(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in KEY)


def _grouped(frame: pd.DataFrame) -> Rows:
    grouped: Rows = defaultdict(list)
    for row in rows(frame):
        grouped[_key(row)].append(row)
    return grouped
