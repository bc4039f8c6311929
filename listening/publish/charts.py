"""Charts: takes a stage's stories, gives SVG that is read by eye, by ear, in the light and in the dark.

Drawn by Altair, turned to SVG by vl-convert, both without network. The SVG is parsed and written anew: its own
accessibility marks make way for one title and one description, and text takes the page's colour.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import altair as alt
import vl_convert
from markupsafe import Markup

from listening.publish import wording
from listening.publish.facts import Facts

WIDTH = 290  # of the plot, so that letters stay legible on a phone
PADDING = {"left": 20, "right": 14, "top": 4, "bottom": 4}  # where a reader's font is wider than the one that was measured with
PERIODS = 8
SOURCES = 4
COLOURS = {"trouble": "#d55e00", "great": "#0072b2"}  # Okabe and Ito; style.css makes them lighter in the dark
ALL = "all customers"
INK = "currentColor"
NAMESPACE = "http://www.w3.org/2000/svg"
ElementTree.register_namespace("", NAMESPACE)


def shares(story: Facts, name: str) -> Markup | None:
    """Shares in trouble and living it great, of all customers where they are estimated and by source; nothing where nothing is known.

    Args:
        story: a story of the facts.
        name: makes the ids in the SVG distinct within a page.
    """
    spoken = [source for source in story["sources"] if source["n"] >= wording.LEAST]
    rows = [
        {"source": ALL, "side": words, **{part: story["measures"][name][part] for part in ("value", "low", "high")}}
        for side, words in wording.SIDES.items()
        if (name := wording.OF_CUSTOMERS[side]) in story["measures"]
    ] + [
        {"source": _printable(source["source"]), "side": words, **_figures(source, side)}
        for source in spoken
        for side, words in wording.SIDES.items()
    ]  # fmt: skip
    if not rows:
        return None
    side = alt.Color("side:N", title=None, scale=_by_side(list(COLOURS.values())), legend=alt.Legend(orient="top", symbolSize=90))
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("source:N", title=None, sort=None, axis=alt.Axis(labelFontSize=12, labelLimit=110)),
        yOffset=alt.YOffset("side:N", sort=list(wording.SIDES.values())),
    )
    ranges = base.mark_rule(strokeWidth=2.5).encode(x=_share("low:Q", "X"), x2="high:Q", color=side)
    points = base.mark_point(filled=True, size=80, opacity=1).encode(
        x="value:Q", color=side, shape=alt.Shape("side:N", title=None, scale=_by_side(["circle", "diamond"]))
    )
    everybody = [
        f"{ALL} (estimate), {wording.of_100(story['measures'][name])} {wording.SIDES[side]}"
        for side, name in wording.OF_CUSTOMERS.items()
        if name in story["measures"]
    ]
    told = "; ".join(
        everybody + [f"{source['source']}, {wording.side(source, 'trouble')} in trouble, {wording.side(source, 'great')} living it great" for source in spoken]
    )
    chart = (ranges + points).properties(width=WIDTH, height=alt.Step(24))
    return _svg(chart, name, "Shares in trouble and living it great, by source", f"{told}. In brackets the 90 % interval.")


def trend(periods: list[Facts], sources: list[str], name: str) -> Markup | None:
    """The share in trouble over periods, each source by itself; nothing where no two periods can be set side by side.

    Args:
        periods: stories of one kind of period, oldest first.
        sources: the sources to draw, in order.
        name: makes the ids in the SVG distinct within a page.
    """
    rows = [
        {
            "source": _printable(source["source"]), "period": _two_lines(story["period"]), "state": "over" if story["is_over"] else "still running",
            **_figures(source, "trouble"),
        }
        for story in periods
        for source in story["sources"]
        if source["source"] in sources
    ]  # fmt: skip
    if not any(sum(row["source"] == _printable(source) and row["value"] is not None for row in rows) > 1 for source in sources):
        return None
    axis = alt.Axis(labelAngle=0, labelExpr="split(datum.label, '|')", labelFontSize=10)
    order = [_two_lines(story["period"]) for story in periods]
    base = alt.Chart().encode(x=alt.X("period:O", title=None, scale=alt.Scale(domain=order), axis=axis))
    line = base.mark_line(strokeWidth=1, opacity=0.6, color=COLOURS["trouble"]).encode(y=_share("value:Q", "Y"))
    ranges = base.mark_rule(strokeWidth=2.5, color=COLOURS["trouble"]).encode(y=_share("low:Q", "Y"), y2="high:Q")
    fill = alt.Fill("state:N", legend=None, scale=alt.Scale(domain=["over", "still running"], range=[COLOURS["trouble"], "#ffffff"]))
    points = base.mark_point(size=60, opacity=1, stroke=COLOURS["trouble"], strokeWidth=2).encode(y="value:Q", fill=fill)
    header = alt.Header(title=None, labelAnchor="start", labelFontSize=12, labelFontWeight="bold", labelPadding=4)
    chart = alt.layer(line, ranges, points, data=alt.InlineData(values=rows)).properties(width=WIDTH + 30, height=90)
    faceted = chart.facet(facet=alt.Facet("source:N", header=header, sort=[_printable(source) for source in sources]), columns=1)
    told = f"{wording.listed(sources)}; {periods[0]['period']} to {periods[-1]['period']}. The figures stand in the table below."
    return _svg(faceted, name, "Share in trouble over time, each source by itself", told)


def _figures(source: Facts, side: str) -> Facts:
    """The share of one side with its interval, as null where too few spoke."""
    column = wording.COLUMNS[side]
    is_told = source["n"] >= wording.LEAST
    return {part: source[key] if is_told else None for part, key in (("value", column), ("low", f"{column}_low"), ("high", f"{column}_high"))}


def _share(field: str, channel: str) -> Any:
    axis = alt.Axis(labelExpr="format(datum.value * 100, '.0f') + ' %'", tickCount=4, gridOpacity=0.15)
    return {"X": alt.X, "Y": alt.Y}[channel](
        field, title=None, axis=axis, scale=alt.Scale(domainMin=0, nice=True) if channel == "Y" else alt.Scale(domain=[0, 1])
    )


def _by_side(values: list[str]) -> alt.Scale:
    return alt.Scale(domain=list(wording.SIDES.values()), range=values)


def _two_lines(period: str) -> str:
    """'2026-Q2' as 'Q2|2026', which the axis breaks at the bar."""
    return "|".join(reversed(period.split("-", 1)))


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in wording.visible(text))


def _svg(chart: Any, name: str, title: str, description: str) -> Markup:
    """The chart as an SVG element with one title and one description."""
    styled = chart.configure(background="transparent", font="system-ui, sans-serif", padding=PADDING).configure_view(stroke=None)
    styled = styled.configure_axis(labelColor=INK, domainColor=INK, tickColor=INK, gridColor=INK, domainOpacity=0.4, tickOpacity=0.4, labelFontSize=11)
    styled = styled.configure_legend(labelColor=INK, labelFontSize=12).configure_header(labelColor=INK)
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(styled.to_dict()))  # noqa: S314 (drawn here, not fetched)
    for element in root.iter():
        for attribute in [attribute for attribute in element.attrib if attribute == "role" or attribute.startswith("aria-")]:
            del element.attrib[attribute]
    for order, (tag, text) in enumerate((("title", title), ("desc", description))):
        child = ElementTree.Element(f"{{{NAMESPACE}}}{tag}", {"id": f"{name}-{tag}"})
        child.text = _printable(text)
        root.insert(order, child)
    root.attrib |= {"role": "img", "aria-labelledby": f"{name}-title {name}-desc", "class": "chart"}
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 (written by the XML library, so that no text in it is markup)
