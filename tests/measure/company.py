"""A company of one collection: takes texts, gives what the whole path from the file to the tags makes of them, before and after learning."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from listening import journey, night, tagging, warehouse
from listening.tagging import learning, teacher
from listening.workspace import Workspace, shipped

from ..conftest import settle

_SETTINGS = """
[company]
name = "Measured"
timezone = "Europe/London"
[sources.texts]
connector = "files"
kind = "review"
path = "inbox/*.csv"
columns = { id = "id", said_at = "said_at", text = "text" }
"""
_TAGS = "select tags.*, native_id, records.record_id from records.records left join tagging.tags using (record_id)"


def fit(models: Path) -> Path:
    """The shipped classifier, as `listening init` fits it."""
    tagging.fit(models, journey.read(shipped("default-journey.yaml")))
    return models


class Company:
    """A workspace whose one source holds the texts; its first night has run."""

    def __init__(self, root: Path, models: Path, texts: pd.Series) -> None:
        self.place = Workspace(root)
        self.place.inbox.mkdir(parents=True)
        self.place.configuration.write_text(_SETTINGS, encoding="utf-8")
        self.place.journey.write_bytes(shipped("default-journey.yaml").read_bytes())
        file = self.place.inbox / "texts.csv"
        pd.DataFrame({"id": texts.index, "said_at": "2026-10-01", "text": texts.to_numpy()}).to_csv(file, index=False)
        settle(file)
        self._journey = journey.read(self.place.journey)
        shutil.copytree(models, self.place.models)
        night.run(self.place)
        self._present = (self.place.models / "current.json").read_bytes()

    def tags(self) -> pd.DataFrame:
        """What the present classifier made of each text, by its id."""
        connection = warehouse.read_only(self.place.warehouse)
        try:
            return connection.execute(_TAGS).df().set_index("native_id")
        finally:
            connection.close()

    def learn(self, labels: pd.Series | None = None, is_examined: bool = True) -> list[str]:
        """Begin again at the shipped classifier, label some texts (by id), learn, and tag all anew; gives what learning said."""
        (self.place.models / "current.json").write_bytes(self._present)
        folder = self.place.root / "labels"
        folder.mkdir(exist_ok=True)
        records = self.tags()["record_id"]
        given = labels if labels is not None else pd.Series(dtype=object)
        pd.DataFrame({"record_id": records.reindex(given.index).to_numpy(), "stage": given.to_numpy()}).to_csv(folder / "labels.csv", index=False)
        enough = learning.ENOUGH_TO_EXAMINE if is_examined else 10**9
        with night.held(self.place) as (_, store), mock.patch.object(learning, "ENOUGH_TO_EXAMINE", enough):
            said = tagging.learn(self.place, store, self._journey).said
            tagging.tag(self.place, store, self._journey)
        return said


@contextmanager
def reading_once() -> Iterator[None]:
    """While this lasts the teacher reads no text twice: many lessons are given on the same texts."""
    known: dict[str, NDArray[np.float32]] = {}

    def remembered(embed: Callable[[Sequence[str]], NDArray[np.float32]], texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, embed(new), strict=True))
        return np.array([known[text] for text in texts])

    with mock.patch.object(teacher, "embed", functools.partial(remembered, teacher.embed)):
        yield
