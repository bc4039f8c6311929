"""Charts: takes a stage's stories, gives SVG that is read by eye, by ear, in the light and in the dark.

Written as Vega-Lite, drawn by vl-convert, without network. (Altair would write the same, and take longer to check it than
the drawing takes.) The SVG is parsed and written anew: its own accessibility marks make way for one title and one
description, and text takes the page's colour.
"""

from __future__ import annotations

from xml.etree import ElementTree

import vl_convert
from markupsafe import Markup

from listening import figures
from listening.publish import wording
from listening.publish.facts import Facts

WIDTH = 290  # of the plot, so that letters stay legible on a phone
PADDING = {"left": 20, "right": 14, "top": 4, "bottom": 4}  # where a reader's font is wider than the one that was measured with
PERIODS = 8
SOURCES = 4
COLOUR = "#d55e00"  # vermilion of Okabe and Ito; style.css makes it lighter in the dark
ALL = "all customers"
INK = "currentColor"
NAMESPACE = "http://www.w3.org/2000/svg"
CONFIGURATION = {
    "background": "transparent", "font": "system-ui, sans-serif", "padding": PADDING, "view": {"stroke": None},
    "axis": {
        "labelColor": INK, "domainColor": INK, "tickColor": INK, "gridColor": INK, "domainOpacity": 0.4, "tickOpacity": 0.4, "labelFontSize": 11,
    },
    "header": {"labelColor": INK},
}  # fmt: skip
ElementTree.register_namespace("", NAMESPACE)


def trend(periods: list[Facts], sources: list[str], name: str) -> Markup | None:
    """The share in trouble over periods, of all customers where estimated and each source by itself; nothing where no two periods can be set side by side.

    Args:
        periods: stories of one kind of period, oldest first.
        sources: the sources to draw, in order.
        name: makes the ids in the SVG distinct within a page.
    """
    estimates = [(ALL, story, story["measures"][wording.OF_CUSTOMERS["trouble"]]) for story in periods if wording.OF_CUSTOMERS["trouble"] in story["measures"]]
    spoken = [(source["source"], story, _figures(source)) for story in periods for source in story["sources"] if source["source"] in sources]
    rows = [
        {
            "source": _printable(name), "period": _two_lines(story["period"]), "state": "over" if story["is_over"] else "still running",
            **{part: figures[part] for part in ("value", "low", "high")},
        }
        for name, story, figures in [*estimates, *spoken]
    ]  # fmt: skip
    shown = [ALL, *sources] if estimates else sources
    if not any(sum(row["source"] == _printable(source) and row["value"] is not None for row in rows) > 1 for source in shown):
        return None
    x = {
        "field": "period", "type": "ordinal", "title": None, "scale": {"domain": [_two_lines(story["period"]) for story in periods]},
        "axis": {"labelAngle": 0, "labelExpr": "split(datum.label, '|')", "labelFontSize": 10},
    }  # fmt: skip
    fill = {"field": "state", "type": "nominal", "legend": None, "scale": {"domain": ["over", "still running"], "range": [COLOUR, "#ffffff"]}}
    layers = [
        {"mark": {"type": "line", "strokeWidth": 1, "opacity": 0.6, "color": COLOUR}, "encoding": {"x": x, "y": _share("value")}},
        {"mark": {"type": "rule", "strokeWidth": 2.5, "color": COLOUR}, "encoding": {"x": x, "y": _share("low"), "y2": {"field": "high"}}},
        {
            "mark": {"type": "point", "size": 60, "opacity": 1, "stroke": COLOUR, "strokeWidth": 2},
            "encoding": {"x": x, "y": {"field": "value", "type": "quantitative"}, "fill": fill},
        },
    ]
    header = {"title": None, "labelAnchor": "start", "labelFontSize": 12, "labelFontWeight": "bold", "labelPadding": 4}
    chart = {
        "data": {"values": rows}, "columns": 1, "spec": {"layer": layers, "width": WIDTH + 30, "height": 90},
        "facet": {"field": "source", "type": "nominal", "header": header, "sort": [_printable(source) for source in shown]},
    }  # fmt: skip
    told = f"{figures.listed(shown)}; {periods[0]['period']} to {periods[-1]['period']}. The figures stand in the table below."
    return _svg(chart, name, "Share in trouble over time", told)


def _figures(source: Facts) -> Facts:
    """The share in trouble with its interval, as null where too few spoke."""
    column = wording.COLUMNS["trouble"]
    is_told = source["n"] >= wording.LEAST
    return {part: source[key] if is_told else None for part, key in (("value", column), ("low", f"{column}_low"), ("high", f"{column}_high"))}


def _share(field: str) -> Facts:
    axis = {"labelExpr": "format(datum.value * 100, '.0f') + ' %'", "tickCount": 4, "gridOpacity": 0.15}
    return {"field": field, "type": "quantitative", "title": None, "axis": axis, "scale": {"domainMin": 0, "nice": True}}


def _two_lines(period: str) -> str:
    """'2026-Q2' as 'Q2|2026', which the axis breaks at the bar."""
    return "|".join(reversed(period.split("-", 1)))


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in wording.visible(text))


def _svg(chart: Facts, name: str, title: str, description: str) -> Markup:
    """The chart as an SVG element with one title and one description."""
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(chart | {"config": CONFIGURATION}))  # noqa: S314 (drawn here, not fetched)
    for element in root.iter():
        for attribute in [attribute for attribute in element.attrib if attribute == "role" or attribute.startswith("aria-")]:
            del element.attrib[attribute]
    for order, (tag, text) in enumerate((("title", title), ("desc", description))):
        child = ElementTree.Element(f"{{{NAMESPACE}}}{tag}", {"id": f"{name}-{tag}"})
        child.text = _printable(text)
        root.insert(order, child)
    root.attrib |= {"role": "img", "aria-labelledby": f"{name}-title {name}-desc", "class": "chart"}
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 (written by the XML library, so that no text in it is markup)
