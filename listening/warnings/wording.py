"""A warning in sentences: its figures in; what rose, since when, where, for whom, whose it is and how it goes on, out."""

from __future__ import annotations

from typing import Any

from listening.figures import day, money
from listening.journey import Journey
from listening.workspace import Company

Row = dict[str, Any]
OTHER = "other"  # the theme of what no theme fits


def text(warning: Row, journey: Journey, company: Company, themes: dict[str, str]) -> str:
    """All that a leader needs to read of a warning; customers' words stand beside it."""
    told = (_what(warning, journey, themes), _since(warning), _where(warning, journey), _whom(warning, company), _whose(warning), _how_now(warning))
    return " ".join(sentence for sentence in told if sentence)


def _what(warning: Row, journey: Journey, themes: dict[str, str]) -> str:
    stage = journey.titles.get(warning["stage"], warning["stage"])
    if warning["measure"]:
        about = f"failures of ‘{warning['measure'].replace('_', ' ')}’"
    elif warning["theme"] == OTHER:
        about = "trouble of no theme that is told apart"
    elif warning["theme"]:
        about = f"trouble with ‘{themes.get(warning['theme'], warning['theme'])}’"
    else:
        about = "trouble"
    by = f" by {warning['source']}" if warning["source"] and not warning["measure"] else ""
    return f"{stage}: {about}{by} rose to {_number(warning['observed'])} in {warning['observed_days']} days, expected {_number(warning['expected'])}."


def _since(warning: Row) -> str:
    return f"It began about {day(warning['began_on'])} and was warned of on {day(warning['opened_on'])}."


def _where(warning: Row, journey: Journey) -> str:
    point = {each.touchpoint: each.name or each.touchpoint for stage in journey.stages for each in stage.touchpoints}.get(warning["touchpoint"])
    place = f"it stands out at {warning['cut_by'].replace('_', ' ')} {warning['cut_value']}" if warning["cut_by"] != "all" else ""
    at = f"most of it is at the touchpoint {point}" if point else ""
    told = "; ".join(part for part in (place, at) if part)
    return f"{told[0].upper()}{told[1:]}." if told else "No region, channel, product or other dimension sets it apart."


def _whom(warning: Row, company: Company) -> str:
    if not warning["customers"]:
        return ""
    did = "had the failure" if warning["measure"] else "spoke of it"
    who = f"{warning['customers']:,} customer{'s' * (warning['customers'] != 1)} {did} since"
    if warning["value"] is None:
        return f"{who}; what they are worth is not known."
    of = "" if warning["valued"] == warning["customers"] else f" (known of {warning['valued']:,} of them)"
    basis = f" of {warning['value_basis']}" if warning["value_basis"] else ""
    return f"{who}, worth {money(warning['value'], company.currency)}{basis} a year{of}."


def _whose(warning: Row) -> str:
    return f"{warning['owner']} answers for this stage." if warning["owner"] else ""


def _how_now(warning: Row) -> str:
    now = f"{_number(warning['observed_now'])} in {warning['observed_days']} days, expected {_number(warning['expected_now'])}"
    if warning["closed_on"]:
        return f"It closed on {day(warning['closed_on'])} after 7 calm days: {now}."
    if warning["judged_on"] <= warning["opened_on"]:
        return "It closes by itself after 7 calm days."
    return f"By {day(warning['judged_on'])}: {now}; it closes by itself after 7 calm days."


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.1f}"
