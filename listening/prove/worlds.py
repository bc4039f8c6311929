"""Simulated worlds with known truth: takes a family and a seed, gives customers whose lives are known and all that a company would hear of them.

Each customer of a stage and quarter has an experience x; below -1 it is trouble, above 1 it is great. Everything that
a company sees is drawn from x with the faults that it has in life: failures are logged unevenly, only the troubled open
tickets and mostly don't, the happy answer surveys, reviews come from both extremes and social posts from the angry, words
are read by a classifier that errs, and random check-ins are answered a little more by the happy. `prove` measures the
estimators on these worlds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from listening.story import balance

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

STAGES = ("discover", "buy", "onboard", "use", "pay", "support", "renew")
CUSTOMERS = (9000, 6000, 3500, 5000, 2500, 900, 350)
QUARTERS = 5
EDGE = 1.0  # of x, beyond which a life is trouble or great
CHECKINS_ANSWERED = 0.6
READIER = 1.7  # logit per unit of x for each unit of a family's answer slope
STAGE_READ = 0.75  # how often the classifier reads the stage rightly
SENTIMENT_READ = 0.80


@dataclass(frozen=True)
class Family:
    """What worlds of one kind have in common.

    Attributes:
        spread: sd of stages' experience.
        middle: the average stage's experience.
        drift: sd of a stage's change from quarter to quarter.
        shape: of customers' experience around their stage's: `normal`, `heavy tails`, `mixture`, `skewed`.
        survey_tells: how much a customer's score moves with experience.
        answer_slope: how much readier the happy are to answer a check-in (logit per unit of x).
        answer_slopes_differ: sd of that slope over stages.
        flags_tell: how sharply a failure marks bad experience.
        broken: when only the happy get the survey, in one stage (`never`, `last`, `ever`).
        door_hidden: in one stage the way to a ticket is hidden in the last quarter.
        size: factor on the number of customers.
    """

    name: str = "as designed"
    spread: float = 0.62
    middle: float = 0.0
    drift: float = 0.15
    shape: str = "normal"
    survey_tells: float = 1.1
    answer_slope: float = 0.1
    answer_slopes_differ: float = 0.0
    flags_tell: float = 0.9
    broken: str = "never"
    door_hidden: bool = False
    size: float = 1.0


@dataclass(frozen=True)
class World:
    """Customers, each in a place (stage × quarter, sorted by place), and what was seen of them.

    Attributes:
        customers: number in each place.
        place: of each customer.
        x: their experience.
        failed: an operational measure failed them.
        ticket: they opened a ticket.
        score: their survey answer, 0 … 10; -1 where there is none.
        review: 1 where they wrote a good review, -1 a bad one, 0 none.
        social: the same of a post.
        picks_up: they would answer a check-in.
        special: the stage in which the survey broke or the ticket's door was hidden.
        seed: from which what is read of their words is drawn.
    """

    family: Family
    customers: Ints
    place: Ints
    x: Floats
    failed: Flags
    ticket: Flags
    score: Ints
    review: Ints
    social: Ints
    picks_up: Flags
    special: int
    seed: int

    @property
    def trouble(self) -> Floats:
        """True share in trouble of each place, 0 … 1."""
        return _mean(self, self.x < -EDGE)

    @property
    def great(self) -> Floats:
        """True share living it great of each place, 0 … 1."""
        return _mean(self, self.x > EDGE)

    @property
    def net(self) -> Floats:
        """True net experience of each place, points."""
        return 100 * (self.great - self.trouble)


def make(family: Family, seed: int) -> World:
    """One world of a family; the same seed gives the same world."""
    rng = np.random.default_rng([seed, 1])
    n_stages, n_places = len(STAGES), len(STAGES) * QUARTERS
    stage_of = np.repeat(np.arange(n_stages), QUARTERS)
    customers = np.repeat(np.maximum((np.array(CUSTOMERS) * family.size).astype(int), 60), QUARTERS)
    steps = rng.normal(0, family.drift, (n_stages, QUARTERS))
    steps[:, 0] = rng.normal(0, family.spread, n_stages)
    level = (family.middle + np.cumsum(steps, axis=1)).ravel()
    width = rng.uniform(1.2, 1.8, n_stages)[stage_of]
    place = np.repeat(np.arange(n_places), customers)
    x = level[place] + width[place] * _around(family.shape, len(place), rng)
    special, is_last = int(rng.integers(n_stages)), np.arange(n_places) % QUARTERS == QUARTERS - 1

    def stagewise(low: float, high: float) -> Floats:
        return np.asarray(rng.uniform(low, high, n_stages)[stage_of])

    failure = stagewise(-2.8, -1.6) + rng.normal(0, 0.1, n_places)
    failed = _happens(failure[place] - family.flags_tell * x, rng)
    complains = stagewise(0.05, 0.70) * np.where(family.door_hidden & is_last & (stage_of == special), 0.25, 1.0)
    ticket = (x < -EDGE) & (rng.random(len(x)) < complains[place])
    politeness = rng.normal(0, 0.35, n_stages)[stage_of]
    is_broken = (stage_of == special) & {"never": np.zeros(n_places, bool), "last": is_last, "ever": np.ones(n_places, bool)}[family.broken]
    answers = _happens(-2.7 + 0.45 * x, rng) & ~(is_broken[place] & (x < EDGE) & (rng.random(len(x)) < 0.93))
    score = np.clip(np.round(7.35 + politeness[place] + family.survey_tells * x + rng.normal(0, 1.2, len(x))), 0, 10)
    writes = _happens(-5.5 + 0.9 * np.abs(x - 0.3), rng)
    posts = _happens(-6.0 - 0.9 * x, rng)
    slope = READIER * family.answer_slope + READIER * family.answer_slopes_differ * rng.normal(0, 1, n_stages)[stage_of][place]
    return World(
        family, customers, place, x, failed, ticket,
        score=np.where(answers, score, -1).astype(np.int64),
        review=np.where(writes, _mood(x, rng), 0), social=np.where(posts, _mood(x, rng), 0),
        picks_up=_happens(np.log(CHECKINS_ANSWERED / (1 - CHECKINS_ANSWERED)) + slope * x, rng),
        special=special, seed=seed,
    )  # fmt: skip


def _around(shape: str, n: int, rng: np.random.Generator) -> Floats:
    """Customers' experience around their stage's: mean 0, sd 1."""
    if shape == "heavy tails":
        return np.asarray(rng.standard_t(3, n) / np.sqrt(3))
    if shape == "mixture":  # a fifth in deep trouble
        deep = rng.random(n) < 0.2
        return np.asarray(np.where(deep, -1.6, 0.4) + 0.6 * rng.standard_normal(n))
    if shape == "skewed":
        return np.asarray(1.0 - rng.standard_exponential(n))
    return rng.standard_normal(n)


def _happens(logit: Floats, rng: np.random.Generator) -> Flags:
    return np.asarray(rng.random(len(logit)) * (1 + np.exp(-logit)) < 1)


def _mood(x: Floats, rng: np.random.Generator) -> Ints:
    return np.where(x + rng.normal(0, 0.5, len(x)) > 0, 1, -1)


def _mean(world: World, flags: Flags) -> Floats:
    return np.asarray(np.bincount(world.place, flags, len(world.customers)) / world.customers)


def cells(world: World, answers: int) -> pd.DataFrame:
    """Counts by stage, quarter and cell, with about so many check-ins answered in each stage and quarter."""
    dialled = _dialled(world, answers)
    answered = dialled & world.picks_up
    bad, good = world.x < -EDGE, world.x > EDGE
    counts = {
        "customers": np.ones(len(world.x), bool), "asked": dialled, "answered": answered,
        "trouble": answered & bad, "in_between": answered & ~bad & ~good, "great": answered & good,
    }  # fmt: skip
    return _by_cell(world, counts)


def indicators(world: World) -> pd.DataFrame:
    """What each source says of each stage and quarter, as the story's station hands it to the estimate."""
    survey = balance.reading_of_survey(survey_answers(world))
    keys = _keys(len(world.customers))
    size = len(world.customers)
    values = {
        "reviews": balance.reading_of_words(*_read(world, world.review, 2)),
        "social": balance.reading_of_words(*_read(world, world.social, 3)),
        "tickets": balance.reading_of_rate(np.bincount(world.place, world.ticket, size), world.customers),
        "operations": balance.reading_of_rate(np.bincount(world.place, world.failed, size), world.customers),
    }
    return pd.concat([survey, *(keys.assign(source=source, value=value) for source, value in values.items())], ignore_index=True)


def truth(world: World) -> pd.DataFrame:
    """What is true of each stage and quarter, beside what the plain survey says."""
    keys = _keys(len(world.customers))
    return keys.assign(
        true_net=world.net, true_trouble=world.trouble, true_great=world.great, survey=survey_net(world), is_special=keys["stage"] == STAGES[world.special]
    )


def survey_answers(world: World) -> pd.DataFrame:
    """The survey's answers by stance, with the customers of each cell."""
    rated = world.score >= 0
    counts = {"customers": np.ones(len(rated), bool), "answers": rated, "trouble": rated & (world.score <= 6), "great": world.score >= 9}
    return _by_cell(world, counts).assign(source="survey")


def survey_net(world: World) -> Floats:
    """The plain survey net of each place, as companies report it; NaN where nobody answered."""
    size = len(world.customers)
    rated, good = world.score >= 0, world.score >= 9
    bad = rated & (world.score <= 6)
    points = 100.0 * (np.bincount(world.place, good, size) - np.bincount(world.place, bad, size))
    n = np.bincount(world.place, rated, size)
    return np.where(n > 0, points / np.maximum(n, 1), np.nan)


def _dialled(world: World, answers: int) -> Flags:
    """The first customers of each place, who stand in random order."""
    first = np.concatenate([[0], np.cumsum(world.customers)[:-1]])
    return np.asarray(np.arange(len(world.place)) - first[world.place] < round(answers / CHECKINS_ANSWERED))


def _read(world: World, mood: Ints, stream: int) -> tuple[Floats, Floats]:
    """Good and bad words by place, as a classifier reads them that errs in stage and in sentiment."""
    rng = np.random.default_rng([world.seed, stream])
    said = mood != 0
    stage, quarter = world.place[said] // QUARTERS, world.place[said] % QUARTERS
    misread = rng.random(len(stage)) > STAGE_READ
    stage = np.where(misread, (stage + rng.integers(1, len(STAGES), len(stage))) % len(STAGES), stage)
    good = (mood[said] > 0) == (rng.random(len(stage)) < SENTIMENT_READ)
    where = stage * QUARTERS + quarter
    return np.bincount(where, good, len(world.customers)).astype(float), np.bincount(where, ~good, len(world.customers)).astype(float)


def _keys(n_places: int) -> pd.DataFrame:
    return pd.DataFrame({"stage": np.repeat(STAGES, QUARTERS), "period": np.tile(np.arange(QUARTERS), n_places // QUARTERS)})


def _by_cell(world: World, counts: dict[str, Flags]) -> pd.DataFrame:
    """One row per stage, quarter and cell with its counts."""
    size = len(world.customers)
    cell = 4 * world.place + 2 * world.failed + world.ticket
    frame = _keys(size).loc[np.repeat(np.arange(size), 4)].reset_index(drop=True)
    frame["failed"], frame["had_ticket"] = np.tile([False, False, True, True], size), np.tile([False, True, False, True], size)
    return frame.assign(**{name: np.bincount(cell[flags], minlength=4 * size) for name, flags in counts.items()})


FIRST_QUARTER = pd.Period("2025Q1", freq="Q")
DAYS = 90  # of a quarter on which something happens
WORDS = {1: "It was great, friendly and quick, I am very happy.", -1: "It was terrible, slow and rude, I am very angry."}
COMPLAINT = "It does not work and nobody helps, I am angry."
CONFIGURATION = """\
[company]
name = "Simulated"
timezone = "UTC"

[sources.operations]
connector = "files"
kind = "operations"
path = "inbox/operations.csv"

[sources.customers]
connector = "files"
kind = "customers"
path = "inbox/customers.csv"

[sources.checkins]
connector = "files"
kind = "checkins"
path = "inbox/checkins.csv"

[sources.survey]
connector = "files"
kind = "survey"
path = "inbox/survey.csv"
columns = { id = "id", said_at = "said_at", customer_id = "customer_id", stage = "stage", score = "score" }
score_name = "NPS"
score_scale = [0, 10]

[sources.tickets]
connector = "files"
kind = "ticket"
path = "inbox/tickets.csv"
columns = { id = "id", said_at = "said_at", customer_id = "customer_id", stage = "stage", text = "text" }

[sources.reviews]
connector = "files"
kind = "review"
path = "inbox/reviews.csv"
columns = { id = "id", said_at = "said_at", stage = "stage", score = "stars", text = "text" }
score_name = "stars"
score_scale = [1, 5]

[sources.social]
connector = "files"
kind = "social"
path = "inbox/social.csv"
columns = { id = "id", said_at = "said_at", stage = "stage", text = "text" }
"""


def write(world: World, folder: Path, answers: int) -> None:
    """Write what a company would have of a world as the files of a workspace: `listening.toml` and `inbox/`.

    Each source gives the stage itself, so that the path is tried and not the classifier.

    Args:
        world: the world; a family of small `size` makes small files.
        folder: the workspace, with its journey or without.
        answers: about how many check-ins are answered in each stage and quarter; 0 for no file of them.
    """
    inbox = folder / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    (folder / "listening.toml").write_text(CONFIGURATION if answers else _without_checkins(), encoding="utf-8")
    rng = np.random.default_rng([world.seed, 5])
    quarter = world.place % QUARTERS
    days = np.array([(FIRST_QUARTER + at).start_time for at in range(QUARTERS)], "datetime64[D]")[quarter] + rng.integers(0, DAYS, len(quarter))
    people = pd.DataFrame({"customer_id": [f"C{at:07}" for at in range(len(days))], "stage": np.array(STAGES)[world.place // QUARTERS], "at": days.astype(str)})
    dialled, good, bad = _dialled(world, answers), world.x > EDGE, world.x < -EDGE
    answered = dialled & world.picks_up
    life = pd.Series(np.where(answered, good.astype(int) - bad, 0)).where(answered).astype("Int64")
    said = people.rename(columns={"at": "said_at"})
    unnamed = said.drop(columns="customer_id")
    files = {
        "customers": pd.DataFrame({"customer_id": people["customer_id"], "since": "2024-01-01"}),
        "operations": people.assign(measure="went right", failed=world.failed.astype(int)),
        "survey": said.assign(score=world.score)[world.score >= 0],
        "tickets": said.assign(text=COMPLAINT)[world.ticket],
        "reviews": unnamed.assign(stars=3 + 2 * world.review, text=pd.Series(world.review).map(WORDS))[world.review != 0],
        "social": unnamed.assign(text=pd.Series(world.social).map(WORDS))[world.social != 0],
    }
    if answers:
        files["checkins"] = people.rename(columns={"at": "asked_at"}).assign(answered=answered.astype(int), experience=life)[dialled]
    for name, frame in files.items():
        frame.rename_axis("id").to_csv(inbox / f"{name}.csv", index=name in ("survey", "tickets", "reviews", "social"))


def _without_checkins() -> str:
    """The configuration without the source of check-ins."""
    parts = CONFIGURATION.split("\n\n")
    return "\n\n".join(part for part in parts if not part.startswith("[sources.checkins]"))
