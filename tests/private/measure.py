"""Takes the marked remarks of texts.csv, gives per kind how much of what is private redaction hides and how much of what it hides is private.

A private span stands in a remark as `[[phone:07700 900123]]`. The numbers are those that are set aside for fiction, tests and examples.
The examination half was written before the patterns were read, and they are tuned on the other half alone: look at misses there only.
`python -m tests.private.measure [examination|tuning] [--misses]` prints the tables, `--speed` how many texts of 250 characters are read a second.
"""

from __future__ import annotations

import csv
import math
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from listening.records import privacy

TEXTS = Path(__file__).parent / "texts.csv"
SENTENCES = sorted((Path(__file__).parents[2] / "data" / "reference").glob("starter-*.csv"))
HALVES = ("examination", "tuning")
KINDS = ("email", "phone", "card", "iban", "network", "number", "address", "secret", "link")
_MARK = re.compile(rf"\[\[({'|'.join(KINDS)}):(.*?)\]\]", re.S)
_PLACEHOLDER = re.compile(rf"\[({'|'.join(KINDS)}|e-mail)\]")
Redact = Callable[[Sequence[str | None]], list[str | None]]


@dataclass(frozen=True)
class Span:
    """A piece of a text, from `start` up to `stop`, and what it is."""

    kind: str
    start: int
    stop: int

    def meets(self, other: Span) -> bool:
        """Whether the two have a character in common."""
        return self.start < other.stop and other.start < self.stop


@dataclass(frozen=True)
class Remark:
    """What a customer wrote, and where something private stands in it."""

    half: str
    text: str
    marked: tuple[Span, ...]


@dataclass
class Tally:
    """Counts of one kind: spans marked, hidden, and hidden under their own kind's name; placeholders set, and set over something private."""

    marked: int = 0
    hidden: int = 0
    named: int = 0
    placed: int = 0
    right: int = 0

    @property
    def recall(self) -> float:
        """The share of the marked spans of which no letter and no digit is left."""
        return self.hidden / self.marked

    @property
    def precision(self) -> float:
        """The share of the placeholders that stand where something private was marked."""
        return self.right / self.placed if self.placed else math.nan


@dataclass
class Figures:
    """What a measurement found: tallies by kind, remarks without anything private and those of them that were touched, and the errors in words."""

    by_kind: dict[str, Tally] = field(default_factory=lambda: {kind: Tally() for kind in KINDS})
    plain: int = 0
    touched: int = 0
    misses: list[str] = field(default_factory=list)


def remarks(half: str | None = None) -> list[Remark]:
    """The remarks of one half, or all, in the file's order."""
    with TEXTS.open(encoding="utf-8", newline="") as file:
        return [_unmarked(row["half"], row["text"]) for row in csv.DictReader(file) if half in (None, row["half"])]


def figures(half: str, redact: Redact = privacy.redact) -> Figures:
    """How well `redact` does on one half."""
    all_figures = Figures()
    theirs = remarks(half)
    for remark, redacted in zip(theirs, redact([remark.text for remark in theirs]), strict=True):
        assert redacted is not None
        _count(all_figures, remark, tuple(hidden_spans(remark.text, redacted)), redacted)
    return all_figures


def hidden_spans(text: str, redacted: str) -> Iterator[Span]:
    """Where in `text` the placeholders of `redacted` stand: what is left between them is found again in its order."""
    kinds = ["email" if found[1] == "e-mail" else found[1] for found in _PLACEHOLDER.finditer(redacted)]
    left = _PLACEHOLDER.sub("\0", redacted).split("\0")
    aligned = re.fullmatch("(.+?)".join(re.escape(piece) for piece in left), text, re.S)
    assert aligned, f"{redacted!r} is not {text!r} with pieces hidden"
    for group, kind in enumerate(kinds, 1):
        yield Span(kind, *aligned.span(group))


def texts_of_ordinary_length(count: int, seed: int = 7) -> list[str]:
    """Sentences of the starter labels joined to about 250 characters; in one text of twenty stands a remark with something private."""
    chance = random.Random(seed)
    pool = [row["text"] for path in SENTENCES for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())]
    private = [remark.text for remark in remarks() if remark.marked]
    texts = []
    for _ in range(count):
        said = [chance.choice(private)] if chance.random() < 0.05 else []
        while sum(map(len, said)) + len(said) < 190:
            said.append(chance.choice(pool))
        chance.shuffle(said)
        texts.append(" ".join(said))
    return texts


def speed(redact: Redact = privacy.redact, count: int = 20_000) -> float:
    """Texts of ordinary length a second of processor time, the best of three."""
    texts, seconds = texts_of_ordinary_length(count), []
    for _ in range(3):
        started = time.process_time()
        redact(texts)
        seconds.append(time.process_time() - started)
    return count / min(seconds)


def table(theirs: Figures) -> str:
    """The figures in Markdown, shares with Wilson's 95 % intervals."""
    lines = ["| kind | spans | hidden (recall) | under its own name | placeholders | right (precision) |", "|---|---|---|---|---|---|"]
    total = Tally()
    for kind, tally in theirs.by_kind.items():
        lines.append(_line(kind, tally))
        for name in vars(total):
            setattr(total, name, getattr(total, name) + getattr(tally, name))
    lines.append(_line("all", total))
    return "\n".join([*lines, "", f"Remarks with nothing private: {theirs.plain}, changed: {theirs.touched} ({_share(theirs.touched, theirs.plain)})."])


def _unmarked(half: str, text: str) -> Remark:
    marked, pieces, place, length = [], [], 0, 0
    for found in _MARK.finditer(text):
        pieces += [text[place : found.start()], found[2]]
        length += found.start() - place
        marked.append(Span(found[1], length, length + len(found[2])))
        length += len(found[2])
        place = found.end()
    return Remark(half, "".join([*pieces, text[place:]]), tuple(marked))


def _count(all_figures: Figures, remark: Remark, hidden: tuple[Span, ...], redacted: str) -> None:
    for span in remark.marked:
        tally = all_figures.by_kind[span.kind]
        over = [each for each in hidden if each.meets(span)]
        is_hidden = all(_is_covered(place, over) for place in range(span.start, span.stop) if remark.text[place].isalnum())
        tally.marked += 1
        tally.hidden += is_hidden
        tally.named += is_hidden and span.kind in {each.kind for each in over}
        if not is_hidden:
            all_figures.misses.append(f"stayed: {span.kind:8} {remark.text[span.start : span.stop]!r} in {redacted!r}")
    for span in hidden:
        tally = all_figures.by_kind[span.kind]
        is_right = any(span.meets(each) for each in remark.marked)
        tally.placed += 1
        tally.right += is_right
        if not is_right:
            all_figures.misses.append(f"lost:   {span.kind:8} {remark.text[span.start : span.stop]!r} in {redacted!r}")
    all_figures.plain += not remark.marked
    all_figures.touched += not remark.marked and remark.text != redacted


def _is_covered(place: int, spans: list[Span]) -> bool:
    return any(span.start <= place < span.stop for span in spans)


def _line(kind: str, tally: Tally) -> str:
    recall, named, precision = (_share(*counts) for counts in ((tally.hidden, tally.marked), (tally.named, tally.marked), (tally.right, tally.placed)))
    return f"| {kind} | {tally.marked} | {recall} | {named} | {tally.placed} | {precision} |"


def _share(count: int, total: int) -> str:
    if not total:
        return "–"
    share, z = count / total, 1.96
    middle, wide = share + z * z / (2 * total), z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    low, high = (max(0.0, min(1.0, (middle + side * wide) / (1 + z * z / total))) for side in (-1, 1))
    return f"{share:.2f} ({low:.2f}–{high:.2f})"


def main(arguments: list[str]) -> None:
    """Print the tables of the halves that are named, or of both, and on `--misses` what stayed and what was lost; on `--speed` the speed alone."""
    if "--speed" in arguments:
        print(f"{speed():,.0f} texts a second")
        return
    for half in [name for name in HALVES if name in arguments] or HALVES:
        theirs = figures(half)
        print(f"\n{half} half\n\n{table(theirs)}")
        if "--misses" in arguments:
            print("", *theirs.misses, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
