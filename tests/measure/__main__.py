"""`python -m tests.measure`: how well tags hold on the texts of other companies; prints tables for docs/tagging.md.

The whole path is measured: a file is landed, shaped, tagged; `learn` reads the same texts without their labels, or with some
of them. Nothing is kept. Where the collections are not there it says so and ends with 2.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from listening.tagging import accuracy, sentiment
from listening.tagging import tags as kinds

from . import collections
from .company import Company, fit, reading_once

LEAST_OF_A_CLASS = 10  # rarer classes tell nothing of F1
SUREST = 0.7
SAID_FROM = 0.1  # a feeling is trouble below minus this and praise above, as records.stance has it
VADER_SAYS_FROM = 0.05  # its authors' own
TEST_FOLDS = 5


def main() -> int:
    """Measure what is asked for, and print it line by line."""
    options = argparse.ArgumentParser(prog="python -m tests.measure", description=__doc__)
    options.add_argument(
        "what",
        nargs="*",
        default=["blind", "zero", "labels", "feelings"],
        help="blind (remarks written for it), zero (no labels), labels (8, 16, 64 a stage, and all), feelings",
    )
    options.add_argument("--folder", type=Path, default=collections.FOLDER, help="where the collections lie")
    options.add_argument("--only", action="append", help="only this collection")
    options.add_argument("--draws", type=int, default=5)
    options.add_argument("--sizes", type=int, nargs="*", default=[8, 16, 64, 0], help="labels a stage; 0: four fifths of all")
    given = options.parse_args()
    files = {**collections.STAGES, **collections.FEELINGS} if set(given.what) - {"blind"} else {}
    missing = [file for name, file in files.items() if not (given.folder / file).exists() and (not given.only or name in given.only)]
    if missing:
        print(f"Skipped: {given.folder} does not hold {', '.join(missing)}; nothing was measured.", file=sys.stderr)
        return 2
    with reading_once(), tempfile.TemporaryDirectory() as models:
        fit(Path(models))
        if "blind" in given.what:
            blind(Path(models))
        for name in collections.STAGES:
            if not given.only or name in given.only:
                if "zero" in given.what:
                    zero(Path(models), given.folder, name)
                if "labels" in given.what:
                    labels(Path(models), given.folder, name, given.sizes, given.draws)
        for name in collections.FEELINGS:
            if "feelings" in given.what and (not given.only or name in given.only):
                feelings(Path(models), given.folder, name)
    return 0


def blind(models: Path) -> None:
    """Every tag on remarks that nobody fitted anything on, by the shipped classifier; a tag that is not given counts as nothing said."""
    remarks = collections.of_tags()
    with _company(models, remarks["text"]) as company:
        tags = company.tags().reindex(remarks.index)
    _show("blind, stage", tags, remarks["stage"])
    for tag, classes in kinds.CLASSES.items():
        values = dict(zip(kinds.values(tag), classes, strict=True))
        said = tags[tag].astype(object).where(tags[tag].notna(), None).map(lambda value, values=values: values.get(value, kinds.SILENT)).to_numpy(object)
        truth = np.array([kinds.label(tag, cell) for cell in remarks[tag]], dtype=object)
        for name in classes:
            if name != kinds.SILENT:
                row = accuracy.of_class(name, said == name, truth == name)
                shares = ", ".join(
                    f"{what} {row[what]:.2f} ({row[f'{what}_low']:.2f}-{row[f'{what}_high']:.2f})" for what in ("precision", "recall") if row[what] is not None
                )
                print(f"blind, {tag} {name}: {shares}, {row['labels']} of {len(truth)} remarks", flush=True)


def zero(models: Path, folder: Path, name: str) -> None:
    """With none of the collection's labels: the shipped classifier, and one that has learnt from the texts."""
    collection = collections.of_stages(folder, name)
    with _company(models, collection.texts) as company:
        _show(f"{name}, no labels, shipped", company.tags(), collection.truth)
        began = time.process_time()
        company.learn()
        _show(f"{name}, no labels, learnt ({time.process_time() - began:.0f} s)", company.tags(), collection.truth)


def labels(models: Path, folder: Path, name: str, sizes: list[int], draws: int) -> None:
    """With some labels of each stage, on the other texts; mean over draws. There is no examination: it would cost five times as much."""
    collection = collections.of_stages(folder, name)
    with _company(models, collection.texts) as company:
        for size in sizes:
            found = []
            for draw in range(draws):
                chosen = _draw(collection.truth, size, draw)
                company.learn(collection.truth[chosen], is_examined=False)
                found.append(_show(f"{name}, {size or 'all'} labels a stage, draw {draw + 1}", company.tags(), collection.truth.drop(chosen)))
            print(f"{name}, {size or 'all'} labels a stage: mean {np.mean(found):.3f}, lowest {min(found):.3f}, of {draws} draws", flush=True)


def feelings(models: Path, folder: Path, name: str) -> None:
    """Praise and trouble, beside the lexicon alone; before and after learning from the same texts."""
    collection = collections.of_feelings(folder, name)
    lexicon = sentiment.of(collection.texts.reindex(collection.truth.index).tolist())[:, sentiment.COMPOUND]
    _show_feelings(f"{name}, lexicon alone", lexicon, VADER_SAYS_FROM, collection.truth)
    with _company(models, collection.texts) as company:
        for when in ("shipped", "learnt"):
            if when == "learnt":
                company.learn()
            scores = company.tags()["sentiment"].reindex(collection.truth.index).fillna(0).to_numpy()
            _show_feelings(f"{name}, {when}", scores, SAID_FROM, collection.truth)


def _show_feelings(title: str, scores: NDArray[np.float64], limit: float, truth: pd.Series) -> None:
    said = np.where(scores > limit, 1, np.where(scores < -limit, -1, 0))
    praise, trouble = f1_score(truth.to_numpy(), said, labels=[1, -1], average=None)
    print(f"{title}: F1 of praise {praise:.3f}, of trouble {trouble:.3f}, {len(truth)} texts", flush=True)


@contextmanager
def _company(models: Path, texts: pd.Series) -> Iterator[Company]:
    with tempfile.TemporaryDirectory() as root:
        yield Company(Path(root) / "company", models, texts)


def _draw(truth: pd.Series, size: int, draw: int) -> pd.Index:
    """Ids of texts to label: so many of each stage, at most half of it; or all but one fold."""
    shuffled = truth.sample(frac=1, random_state=draw)
    if not size:
        return shuffled.index[len(shuffled) // TEST_FOLDS :]
    return shuffled[shuffled.groupby(shuffled).cumcount() < shuffled.map(lambda stage: min(size, int((truth == stage).sum() / 2)))].index


def _show(title: str, tags: pd.DataFrame, truth: pd.Series) -> float:
    """Print macro-F1, how right the surest are, and the calibration error; gives the macro-F1.

    An answer that was not given ("did not answer") becomes no record: that is taken for `none`. A text in a language that is not read counts as wrong.
    """
    guess = tags["stage_guess"].fillna("").reindex(truth.index, fill_value="none").to_numpy(object)
    confidence = tags["stage_confidence"].fillna(0).reindex(truth.index, fill_value=1.0).to_numpy(float)
    is_right = guess == truth.to_numpy(object)
    classes = [name for name, number in truth.value_counts().items() if number >= LEAST_OF_A_CLASS]
    f1 = float(f1_score(truth, guess.astype(str), labels=classes, average="macro", zero_division=0))
    surest = np.argsort(-confidence, kind="stable")[: int(SUREST * len(truth))]
    is_placed = confidence >= accuracy.PLACED_FROM
    no_record = (~truth.index.isin(tags.index)).sum()
    print(
        f"{title}: macro-F1 {f1:.3f}, right {is_right.mean():.3f}, of the surest {SUREST:.0%} {is_right[surest].mean():.3f}, "
        f"placed {is_placed.mean():.2f} of which right {is_right[is_placed].mean():.3f}, "
        f"calibration error {accuracy.calibration_error(confidence, is_right):.3f}, {len(truth)} texts, {no_record} no record",
        flush=True,
    )
    return f1


if __name__ == "__main__":
    for variable in ("OMP_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
        os.environ.setdefault(variable, "1" if variable.startswith("OMP") else "false")
    sys.exit(main())
