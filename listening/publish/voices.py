"""Comments by theme in, the pages that hold them out: what each is called, a hundred comments a page, newest first."""

from __future__ import annotations

import re
from typing import NamedTuple

from listening.publish.facts import Comments, Facts

FOLDER = "comments"
A_PAGE = 100


class Page(NamedTuple):
    """One page of the comments of a theme."""

    name: str  # its file
    stage: Facts
    theme: Facts
    number: int  # from 1
    names: list[str]  # of all pages of the theme
    comments: list[Facts]
    kept: int  # comments on all pages of the theme


def pages(told: Facts, comments: Comments, stages: dict[str, str]) -> list[Page]:
    """The pages of every theme that somebody spoke of; `stages` is the file of each stage."""
    found = []
    for stage in told["stages"]:
        for place, theme in enumerate(stage["themes"], start=1):
            said = comments.get((stage["stage"], theme["theme"]), [])
            chunks = [said[start : start + A_PAGE] for start in range(0, len(said), A_PAGE)]
            stem = f"{stages[stage['stage']].removesuffix('.html')}.{_fit(theme['theme'], place)}"  # no name has a dot, so that no two pages share one
            names = [f"{stem}.{number}.html" for number in range(1, len(chunks) + 1)]
            found += [
                Page(name, stage, theme, number, names, chunk, len(said)) for number, (name, chunk) in enumerate(zip(names, chunks, strict=True), start=1)
            ]
    return found


def firsts(found: list[Page]) -> dict[tuple[str, str], str]:
    """Where the comments of each stage and theme begin, as a link from a stage's page."""
    return {(page.stage["stage"], page.theme["theme"]): f"{FOLDER}/{page.name}" for page in found if page.number == 1}


def _fit(theme: str, place: int) -> str:
    """A theme's name where it is fit for a file, else its number."""
    return theme if re.fullmatch(r"(?!theme-\d+$)[a-z0-9][a-z0-9_-]{0,60}", theme) else f"theme-{place}"
