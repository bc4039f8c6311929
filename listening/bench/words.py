"""Words for size: takes the sample's own texts, gives as many new ones as are asked for.

They serve for size only: nothing is ever told from them, and they are thrown away with their folder.
"""

from __future__ import annotations

import csv
import json
import random
import re
import string
from collections.abc import Iterator

from listening import workspace
from listening.workspace import Mend

LENGTH = 170  # letters from which a text is long enough; with blanks and the last sentence they have about 250


def texts(seed: int = 1) -> Iterator[str]:
    """Texts of about 250 characters without end: the sample's sentences in ever new company, every sixtieth word misspelt or made a number.

    So no text comes twice, and new words keep coming about as they do in real text (150,000 distinct ones in 200,000 texts).
    """
    chance = random.Random(seed)  # noqa: S311
    parts = [part for text in sample() for part in re.split(r"(?<=[.!?])\s+", text) if part]
    while True:
        yield _varied(parts, chance)


def _varied(parts: list[str], chance: random.Random) -> str:
    said: list[str] = []
    while sum(map(len, said)) < LENGTH:
        said += chance.choice(parts).split()
    for place in range(len(said)):
        if chance.random() < 1 / 60:
            word, cut = said[place], chance.randrange(len(said[place]) + 1)
            said[place] = str(chance.randrange(10**7)) if chance.random() < 0.3 else word[:cut] + chance.choice(string.ascii_lowercase) + word[cut:]
    return " ".join(said)


def sample() -> Iterator[str]:
    """Every text of the sample's surveys and of its tickets' comments.

    Raises:
        Mend: the sample is not here; it comes with a checkout, not with an installed package.
    """
    inbox = workspace.shipped("sample", "inbox")
    if not inbox.is_dir():
        raise Mend(f"There is no sample in {inbox}; its words are needed to make rows for size. Run bench from a checkout.")
    for path in sorted(inbox.glob("survey*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield from (cell for name, cell in row.items() if name.endswith("comment") and cell)
    for line in (inbox / "tickets.jsonl").read_text(encoding="utf-8").splitlines():
        yield from (comment["body"] for comment in json.loads(line)["comments"] if comment.get("body"))
