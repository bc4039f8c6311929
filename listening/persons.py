"""One person: takes a customer's id or address, gives all that is known of them, or takes it out of everything.

Forgetting only marks the person and then runs a night over what has landed: that night erases their rows, shapes the
rest again, publishes, copies the store without them and removes older runs. If it is killed, the next one goes on.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from listening import checkins, lake, landing, night, search, warehouse
from listening.forgotten import Forgotten, Identity, identities_of, named_columns
from listening.publish import reading
from listening.warehouse import Warehouse
from listening.workspace import Settings, Source, Workspace

SHARED_BY = 3  # an address that more customers than this have is nobody's own


@dataclass
class Found:
    """What landed of a person: the names they are known by, their rows by source and pull, and addresses shared with others."""

    identities: set[Identity]
    rows: dict[str, dict[str, dict[int, Any]]] = field(default_factory=dict)
    shared: set[Identity] = field(default_factory=set)

    @property
    def counts(self) -> dict[str, int]:
        """How many landed rows are theirs, by source."""
        return {source: sum(map(len, pulls.values())) for source, pulls in self.rows.items()}


@dataclass
class Receipt:
    """What forgetting came to. `left`: files that still hold the person, the company's own inbox among them."""

    found: Found
    is_dry_run: bool
    published: Path | None = None
    left: list[Path] = field(default_factory=list)
    unsearched: list[str] = field(default_factory=list)


def forget(workspace: Workspace, who: Identity, is_dry_run: bool = False) -> Receipt:
    """Take a person out of landing, store, labels and everything published, and keep them from coming back.

    Raises:
        Mend: a night is under way (status 4), or a landed pull is damaged.
    """
    with night.held(workspace) as (settings, store):
        found = _find(workspace, settings, store, who)
        if not is_dry_run:
            Forgotten(workspace).add(found.identities, dt.datetime.now(dt.UTC).date())
    values = [identity.value for identity in found.identities]
    receipt = Receipt(found, is_dry_run, unsearched=sorted(value for value in values if len(value) < search.SHORTEST))
    if not is_dry_run:
        receipt.published = night.run(workspace, is_pulling=False).published
        checkins.forget(workspace)
    receipt.left = search.files_with(workspace.inbox if is_dry_run else workspace.root, values)
    if not is_dry_run and (place := lake.of(workspace)) and not place.folder.is_relative_to(workspace.root):
        receipt.left += search.files_with(place.folder, values)
    return receipt


def export(workspace: Workspace, who: Identity) -> dict[str, Any]:
    """All that is known of a person: their landed rows as they came, and every row of the published tables about them."""
    with night.held(workspace) as (settings, store):
        found = _find(workspace, settings, store, who)
        rows = [
            {"source": source, "pull_id": pull_id, "row_no": number, "cells": cells}
            for source, pulls in found.rows.items()
            for pull_id, lines in pulls.items()
            for number, cells in lines.items()
        ]
        kept = store.select("records/records", ["record_id", "pull_id", "row_no"]).to_pylist()
    places = {(row["pull_id"], row["row_no"]) for row in rows}
    about = {
        "record_id": [row["record_id"] for row in kept if (row["pull_id"], row["row_no"]) in places],
        "customer_id": sorted(identity.value for identity in found.identities if identity.kind == "customer"),
    }
    return {"identities": [identity._asdict() for identity in sorted(found.identities)], "landed": rows, "published": _published(workspace, about)}


def _published(workspace: Workspace, about: dict[str, list[str]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each published table that are about one of these records or customers."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for name, batch in warehouse.contents(reading.database(workspace)):
        keys = [column for column in about if column in batch.schema.names]
        masks = [pc.is_in(batch.column(column), pa.array(about[column], pa.string())) for column in keys]
        if masks and (rows := batch.filter(pc.or_(masks[0], masks[-1])).to_pylist()):
            tables.setdefault(name, []).extend(rows)
    return tables


def _find(workspace: Workspace, settings: Settings, store: Warehouse, who: Identity) -> Found:
    """The person's landed rows, and the other ids and addresses that those rows give them, until no more come to light.

    An address is followed only once all rows that bear it are known to name few customers.
    """
    found, looked_for = Found({who}), {who}
    while True:
        rows = [
            (source.name, pull_id, number, cells, set(identities_of(cells, set(named_columns(source)))))
            for source, pull_id, number, cells in _landed_rows(workspace, settings, store, looked_for)
        ]
        for *_, own in rows:
            for address in (identity for identity in own & looked_for if identity.kind == "email" and identity != who):
                named = {other for *_, names in rows if address in names for other in names if other.kind == "customer" and "@" not in other.value}
                (found.identities if len(named) <= SHARED_BY else found.shared).add(address)
        theirs = [row for row in rows if row[-1] & found.identities]
        found.identities |= {identity for *_, own in theirs for identity in own if identity.kind == "customer" and "@" not in identity.value}
        seen = {identity for *_, own in theirs for identity in own}
        if seen <= looked_for:
            for source_name, pull_id, number, cells, _ in theirs:
                found.rows.setdefault(source_name, {}).setdefault(pull_id, {})[number] = cells
            return found
        looked_for |= seen


def _landed_rows(workspace: Workspace, settings: Settings, store: Warehouse, identities: set[Identity]) -> Iterator[tuple[Source, str, int, dict[str, Any]]]:
    """Landed rows in which one of these names occurs anywhere."""
    wanted = "|".join(re.escape(json.dumps(identity.value, ensure_ascii=False)[1:-1]) for identity in identities)
    for row in store.rows("night/landed_sources"):
        source = settings.landed(row)
        for pull_id, number, text in landing.mentioning(workspace, store, source.name, wanted):
            cells = json.loads(text)
            if isinstance(cells, dict):
                yield source, pull_id, number, cells
