"""One page to send: takes the published run and an owner of stages or touchpoints, writes what is theirs as Markdown and as the HTML of an e-mail.

An owner of a stage gets its whole story; who owns a touchpoint of somebody else's stage gets the touchpoint's own account
and nothing of the stage. What is news stands first, then what calls for something to be done: open warnings, what to mend,
actions that are not closed, customers to call back.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from listening import warehouse
from listening.publish import facts, leading, reading, remarks, site
from listening.publish.facts import Facts
from listening.workspace import Mend, Workspace, put

QUOTES = 2  # of each side
MENDED = 5  # things to mend that are shown


class Page(NamedTuple):
    """What was written for one owner."""

    owner: str
    stages: list[str]
    touchpoints: list[str]
    markdown: Path
    html: Path


def write(workspace: Workspace, owner: str | None = None, folder: Path | None = None) -> list[Page]:
    """Write the page of one owner, or of each, into `folder` (without it, `published/owners`).

    Raises:
        Mend: nothing is published, nobody is named as an owner, or not this one; or the folder cannot be written.
    """
    database = reading.database(workspace)
    with warehouse.reading(database) as published:
        told = facts.gather(published, workspace.settings().company, database.parent.name)
    names = owners(told)
    wanted = [name for name in names if owner is None or _same(name, owner)]
    if not names:
        raise Mend(f"No stage has an owner yet. Write owner: under each stage of {workspace.journey}, and run a night.")
    if not wanted:
        raise Mend(f"Nobody called '{owner}' owns a stage or touchpoint. Owners are: {', '.join(names)}.")
    place = folder or database.parent / "owners"
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [_write(place, told, name, number) for number, name in enumerate(names, 1) if name in wanted]
    except OSError as error:
        raise Mend(f"{place} cannot be written ({error.strerror or type(error).__name__}); name another folder with --out.") from None


def owners(told: Facts) -> list[str]:
    """Everybody who owns something, in the order of the journey."""
    named = [name for stage in told["stages"] for name in (stage["owner"], *(point["owner"] for point in stage["touchpoints"])) if name]
    return list(dict.fromkeys(named))


def _write(folder: Path, told: Facts, owner: str, number: int) -> Page:
    shown = _of_owner(told, owner)
    name = re.sub(r"[^a-z0-9]+", "-", owner.lower()).strip("-") or "owner"
    is_taken = [re.sub(r"[^a-z0-9]+", "-", other.lower()).strip("-") or "owner" for other in owners(told)].count(name) > 1
    path = folder / (f"{name}-{number}" if is_taken else name)
    put(path.with_suffix(".md"), site.render_markdown("owner.md", **shown))
    put(path.with_suffix(".html"), site.pieces().get_template("owner.html").render(**shown))
    places = [point["name"] for _, point in shown["touchpoints"]]
    return Page(owner, [stage["stage"] for stage in shown["stages"]], places, path.with_suffix(".md"), path.with_suffix(".html"))


def _of_owner(told: Facts, owner: str) -> Facts:
    """What the page of an owner shows; nothing of any other stage is in it."""

    def owned(row: Facts) -> bool:
        return bool(row["owner"]) and _same(row["owner"], owner)

    stages = [stage for stage in told["stages"] if owned(stage)]
    own = {stage["stage"] for stage in stages}
    return {
        "company": told["company"],
        "timezone": told["timezone"],
        "clock": told["run"]["clock"],
        "owner": owner,
        "since_when": site.since_when(told),
        "news": [row["sentence"] for row in told["since"] if row["stage"] in own],
        "stages": [_with_advice(told, stage) for stage in stages],
        "touchpoints": [
            (stage["title"], point) for stage in told["stages"] if stage["stage"] not in own
            for point in stage["touchpoints"] if owned(point)
        ],
        "currency": told["currency"],
        "warnings": [warning for warning in told["warnings"] if not warning["closed_on"] and (warning["stage"] in own or owned(warning))],
        "priorities": [item for item in told["priorities"] if item["item"] != "delight" and (item["stage"] in own or owned(item))][:MENDED],
        "actions": [action for action in told["actions"] if action["state"] != "closed" and (action["stage"] in own or owned(action))],
        "to_call": sum(row["open"] for row in told["follow_up"] if owned(row)),
        "now": site.window({"stages": stages}) if stages else site.window(told),
    }  # fmt: skip


def _with_advice(told: Facts, stage: Facts) -> Facts:
    return {**stage, "advice": remarks.surer(told, stage), "quotes": _quotes(stage["now"]), "leading": leading.sentences(told, stage)}


def _quotes(story: Facts | None) -> list[tuple[str, Facts]]:
    return [(side, quote) for side in ("trouble", "great") for quote in story["quotes"][side][:QUOTES]] if story else []


def _same(name: str, asked: str) -> bool:
    return " ".join(name.lower().split()) == " ".join(asked.lower().split())
