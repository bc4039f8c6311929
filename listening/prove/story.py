"""The balanced estimate and the survey gap in simulated worlds: takes how many, gives how near they come to the truth."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from listening.prove import worlds
from listening.prove.figures import QUICK, WORLDS, Figure, Floats, Run, by_world, mean, ratio, root
from listening.prove.worlds import Family
from listening.story import balance, gap

CHECKINS = 30  # answered in a stage and quarter, unless said otherwise
FEWER = (15, 8)
LAST = worlds.QUARTERS - 1
FAMILIES = (
    Family(),
    Family("stages alike", spread=0.28),
    Family("stages far apart", spread=1.4),
    Family("mostly unhappy customers", middle=-0.8),
    Family("mostly happy", middle=0.8),
    Family("fast changes", drift=0.4),
    Family("heavy tails", shape="heavy tails"),
    Family("a fifth in deep trouble", shape="mixture"),
    Family("skewed downwards", shape="skewed"),
    Family("survey barely tells anything", survey_tells=0.2),
    Family("failures barely tell anything", flags_tell=0.4),
    Family("stages answer check-ins differently", answer_slopes_differ=0.1),
)


def figures(run: Run) -> Iterator[Figure]:
    """All figures of the estimate and the gap."""
    for part in (_of_the_story, _of_fewer_checkins, _of_none, _of_silence, _of_broken_sources, _of_families, _of_the_gap):
        yield from part(run)


def _of_the_story(run: Run) -> Iterator[Figure]:
    run.progress("the story with 30 check-ins")
    lives, about = _lives(Family(), CHECKINS, run.worlds), "story, 30 check-ins"
    last = lives[lives["period"] == LAST]
    wrong, survey = by_world(_miss(last) ** 2), by_world((last["survey"] - last["true_net"]) ** 2)
    yield run.figure(about, "error of net experience, points", root(wrong), most=9)
    yield run.figure(about, "… against the survey's", ratio(wrong, survey), most=0.30)
    yield run.figure(about, "… once what is common to all stages is taken off", ratio(_centred(last, "net"), _centred(last, "survey")), most=0.50)
    yield run.figure(about, "bias, points", mean(by_world(_miss(last))), -5, 5)
    yield run.figure(about, "90 % intervals that hold", mean(_cover(last)), 0.86, 0.94)
    yield run.figure(about, "… in the least covered stage", _least(last), 0.82)
    yield run.figure(about, "… of those that are published", mean(_cover(lives[lives["evidence_level"] == "estimate"])), 0.84, 0.96)
    yield run.figure(about, "stages with a number", mean(by_world(last.set_index("world")["evidence_level"] == "estimate")), 0.70)
    yield run.figure(about, "rank correlation with the truth", _rank_correlation(last), 0.88)
    yield from _of_shares_order_and_change(run, about, lives)


def _of_shares_order_and_change(run: Run, about: str, lives: pd.DataFrame) -> Iterator[Figure]:
    last = lives[lives["period"] == LAST]
    for name in ("trouble", "great"):
        yield run.figure(about, f"error of the share {name}, points", root(by_world(1e4 * _miss(last, name) ** 2)), most=7)
        yield run.figure(about, f"90 % intervals of the share {name} that hold", mean(_cover(last, name)), 0.84, 0.96)
    yield run.figure(about, "90 % intervals of change that hold", mean(_cover(lives, "change")), 0.84, 0.96)
    yield run.figure(about, "90 % intervals of rank that hold", mean(_cover(lives, "order")), 0.86)
    yield run.figure(about, "directions that are the wrong way, of all told", mean(_wrong_way(lives)), most=0.05)


def _of_fewer_checkins(run: Run) -> Iterator[Figure]:
    for answers, most in zip(FEWER, (10, 12), strict=True):
        run.progress(f"the story with {answers} check-ins")
        lives, about = _lives(Family(), answers, run.worlds // 2), f"story, {answers} check-ins"
        last = lives[lives["period"] == LAST]
        yield run.figure(about, "error of net experience, points", root(by_world(_miss(last) ** 2)), most=most)
        yield run.figure(about, "90 % intervals that hold", mean(_cover(last)), 0.84, 0.96)
        yield run.figure(about, "… of those that are published", mean(_cover(lives[lives["evidence_level"] == "estimate"])), 0.84, 0.96)
        yield from _of_shares_order_and_change(run, about, lives)


def _of_none(run: Run) -> Iterator[Figure]:
    words = ["reviews", "social"]
    for about, sources in (("no check-ins", None), ("no check-ins, reviews and social alone", words)):
        run.progress(f"the story with {about}")
        lives = _lives(Family(), 0, run.worlds // 2, sources)
        is_number = lives["evidence_level"] == "estimate"
        yield run.figure(about, "stages with a number", (float(is_number.sum()), 0.0), most=0)
        yield run.figure(about, "90 % intervals of rank that hold", mean(_cover(lives, "order")), 0.86)
        yield run.figure(about, "directions that are the wrong way, of all told", mean(_wrong_way(lives)), most=0.05)


def _of_silence(run: Run) -> Iterator[Figure]:
    for slope in (0.0, 0.2, 0.3):
        run.progress(f"check-ins that are not answered, slope {slope}")
        lives, about = _lives(Family(answer_slope=slope), CHECKINS, run.worlds // 2), f"check-ins not answered, slope {slope:g}"
        last = lives[lives["period"] == LAST]
        yield run.figure(about, "90 % intervals that hold", mean(_cover(last)), 0.84)
        yield run.figure(about, "… of the share trouble", mean(_cover(last, "trouble")), 0.84)
        yield run.figure(about, "… of the share great", mean(_cover(last, "great")), 0.84)


def _of_broken_sources(run: Run) -> Iterator[Figure]:
    run.progress("sources that break")
    healthy = _lives(Family(), CHECKINS, run.worlds // 2)
    broken = _lives(Family(broken="last"), CHECKINS, run.worlds // 2)
    hidden = _lives(Family(door_hidden=True), CHECKINS, run.worlds // 2)
    last = [lives[lives["period"] == LAST] for lives in (healthy, broken, hidden)]
    about = "survey broken in one stage of half the worlds"
    yield run.figure(about, "90 % intervals that hold", mean(_cover(pd.concat(last[:2]))), 0.86)
    yield run.figure(about, "… in the broken stage", mean(_cover(last[1][last[1]["is_special"]])), 0.75)
    yield run.figure("tickets' door hidden in one stage", "90 % intervals that hold there", mean(_cover(last[2][last[2]["is_special"]])), 0.75)


def _of_families(run: Run) -> Iterator[Figure]:
    for family in FAMILIES[1:]:
        run.progress(f"worlds of another family: {family.name}")
        lives = _lives(family, CHECKINS, max(run.worlds // 3, QUICK // 2))
        last = lives[lives["period"] == LAST]
        wrong, survey = by_world(_miss(last) ** 2), by_world((last["survey"] - last["true_net"]) ** 2)
        yield run.figure(family.name, "error against the survey's", ratio(wrong, survey), most=1 / 3)
        yield run.figure(family.name, "bias, points", mean(by_world(_miss(last))), -5, 5)
        yield run.figure(family.name, "90 % intervals that hold", mean(_cover(last)), 0.84, 0.96)
        yield run.figure(family.name, "… in the least covered stage", _least(last), 0.75)
        yield run.figure(family.name, "… of the share trouble", mean(_cover(last, "trouble")), 0.84, 0.98)
        yield run.figure(family.name, "… of the share great", mean(_cover(last, "great")), 0.84, 0.98)
        yield run.figure(family.name, "… of change", mean(_cover(lives, "change")), 0.80, 0.97)


def _of_the_gap(run: Run) -> Iterator[Figure]:
    for broken, about in (("never", "survey gap, healthy survey"), ("last", "survey gap, broken last quarter"), ("ever", "survey gap, broken since ever")):
        run.progress(about)
        gaps = pd.concat([_gaps(Family(broken=broken), seed) for seed in range(run.worlds // 2)])
        false = by_world((gaps["is_gap"].astype(bool) & (gaps["true_excess"] <= gap.MARGIN)).set_axis(gaps["world"]), "max")
        yield run.figure(about, "worlds with a false headline", mean(false), most=0.05)
        if broken != "never":
            large = gaps[gaps["true_excess"] > 2 * gap.MARGIN]
            yield run.figure(about, "gaps above 30 points that are found", mean(large["is_gap"].astype(float)), 0.65)


class _Seen(NamedTuple):
    """What is known and what is true of a world, without its customers."""

    truth: pd.DataFrame
    readings: pd.DataFrame
    survey: pd.DataFrame
    cells: dict[int, pd.DataFrame]


@lru_cache(maxsize=WORLDS + WORLDS // 2)
def _seen(family: Family, seed: int) -> _Seen:
    """One world; kept for a while, since several figures look at the same."""
    world = worlds.make(family, seed)
    cells = {answers: worlds.cells(world, answers) for answers in (CHECKINS, *FEWER, 0)}
    return _Seen(worlds.truth(world), worlds.indicators(world), worlds.survey_answers(world), cells)


def _lives(family: Family, answers: int, n_worlds: int, sources: list[str] | None = None) -> pd.DataFrame:
    """Each stage and quarter of many worlds: what the estimate tells, beside the truth."""
    lives = pd.concat([_told(family, seed, answers, sources) for seed in range(n_worlds)], ignore_index=True)
    lives["true_change"] = lives.groupby(["world", "stage"])["true_net"].diff()
    lives["true_order"] = lives.groupby(["world", "period"])["true_net"].rank(ascending=False)
    return lives


def _told(family: Family, seed: int, answers: int, sources: list[str] | None) -> pd.DataFrame:
    seen = _seen(family, seed)
    readings = seen.readings if sources is None else seen.readings[seen.readings["source"].isin(sources)]
    told = balance.balance(seen.cells[answers], readings, with_unsure=True).stages
    return told.merge(seen.truth, on=["stage", "period"]).assign(world=f"{family.name} {family.broken} {seed}")


def _miss(lives: pd.DataFrame, name: str = "net") -> pd.Series[float]:
    return (lives[name] - lives[f"true_{name}"]).set_axis(lives["world"])


def _cover(lives: pd.DataFrame, name: str = "net") -> Floats:
    """Share of intervals that hold the truth, by world."""
    known = lives[lives[f"{name}_low"].notna() & lives[f"true_{name}"].notna()]
    holds = (known[f"{name}_low"] <= known[f"true_{name}"]) & (known[f"true_{name}"] <= known[f"{name}_high"])
    return by_world(holds.set_axis(known["world"]))


def _wrong_way(lives: pd.DataFrame) -> Floats:
    """Share of stages and quarters whose direction is told and is the wrong way, by world."""
    known = lives[lives["direction"].notna() & lives["true_change"].notna()]
    way = known["direction"].map({"better": 1, "worse": -1}).fillna(0)
    return by_world((way * known["true_change"] < 0).set_axis(known["world"]))


def _centred(last: pd.DataFrame, name: str) -> Floats:
    """Mean squared error by world, once its mean over stages is taken off."""
    miss = (last[name] - last["true_net"]).set_axis(last["world"])
    return by_world((miss - miss.groupby(level=0).transform("mean")) ** 2)


def _least(last: pd.DataFrame) -> tuple[float, float]:
    """Coverage of the stage that is covered least."""
    by_stage = [mean(_cover(of_stage)) for _, of_stage in last.groupby("stage")]
    return min(by_stage)


def _rank_correlation(last: pd.DataFrame) -> tuple[float, float]:
    """Spearman's correlation of the stages' order with the true one."""
    ranks = last.assign(rank=last.groupby("world")["net"].rank(ascending=False))
    n = ranks.groupby("world")["rank"].transform("size")
    return mean(1 - by_world((6 * (ranks["rank"] - ranks["true_order"]) ** 2 * n / (n * (n**2 - 1))).set_axis(ranks["world"])))


def _gaps(family: Family, seed: int) -> pd.DataFrame:
    """The survey's gaps in the last quarter of one world, beside how large they truly are."""
    seen = _seen(family, seed)
    tested = gap.survey_gaps(seen.cells[CHECKINS], seen.readings, seen.survey).merge(seen.truth, on=["stage", "period"])
    true_gap = tested["survey_net"] - tested["true_net"]
    return tested.assign(true_excess=true_gap - true_gap.median(), world=seed)[tested["period"] == LAST]
