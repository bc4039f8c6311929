"""The company's labels: takes the workspace's `labels/*.csv`, gives them without those of records that are gone."""

from __future__ import annotations

import csv
import io

from listening.workspace import Workspace, put


def keep_only(workspace: Workspace, records: set[str]) -> None:
    """Take out every label of a record that is not among these."""
    for path in sorted((workspace.root / "labels").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = list(reader.fieldnames or [])
            rows = list(reader)
        kept = [row for row in rows if row.get("record_id") in records]
        if "record_id" in names and len(kept) < len(rows):
            text = io.StringIO()
            writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(kept)
            put(path, text.getvalue())
