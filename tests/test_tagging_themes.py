"""What customers talk about: phrases, how themes are found, that they stay, and what people decide about them."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from conftest import branched, drop, rows, run, workspace_maker
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cli import Call, call  # noqa: F401 (a fixture)

from listening import intervals, journey, night, persons, tagging
from listening.forgotten import Identity
from listening.tagging import finding, phrases, themes, theming
from listening.tagging.themes import Book, Rule
from listening.workspace import Mend, Workspace, shipped

Make = Callable[..., Workspace]
SOURCE = """
[sources.reviews]
connector = "files"
kind = "review"
path = "inbox/*.csv"
stage = "pay"
columns = { id = "id", said_at = "day", text = "words", score = "score", customer_id = "customer" }
score_scale = [0, 10]
"""
DEFAULT = journey.read(shipped("default-journey.yaml"))
DAY = dt.date(2026, 6, 30)
CHARGE = ("The double charge is still there.", "I found a double charge again!", "Another double charge, and nobody cares.", "Explain the double charge to me.")
LIMIT = ("The card limit is a joke.", "They lowered my card limit.", "No word about the card limit.", "Why is there a card limit on it?")
LEFT = ("It is what it is.", "Well, there you go.", "I have said enough.", "So be it then.", "Nobody told me.", "I asked and asked.", "Not again, please.")


def csv(words: list[str], first: int = 0, day: str = "2026-05-04", score: int = 2) -> str:
    lines = [f'{number},{day},"{text}",{score},C{number:05}' for number, text in enumerate(words, first)]
    return "id,day,words,score,customer\n" + "\n".join(lines) + "\n"


def some(texts: tuple[str, ...], count: int) -> list[str]:
    return [texts[number % len(texts)] for number in range(count)]


def members(place: Workspace) -> dict[object, object]:
    """Every theme that a record has, with its share."""
    return {(row["record_id"], row["theme"]): row["share"] for row in rows(place, "from record_themes")}


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    made = workspace_maker(tmp_path_factory.mktemp("themes"), fitted)(SOURCE, {"a.csv": csv(some(CHARGE, 20) + some(LEFT, 50))})
    run(made)
    return made


@pytest.fixture
def place(first_night: Workspace, tmp_path: Path) -> Workspace:
    """A company of which twenty customers speak of a double charge, and fifty of nothing in particular, after its first night."""
    return branched(first_night, tmp_path)


# phrases


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("charge", "charged"), ("delivery", "deliveries"), ("stop", "stopped"), ("note", "noted"), ("care", "caring"), ("cancel", "cancelled"),
        ("late delivery", "The delivery was very late"), ("no refund", "they never refunded"), ("charge twice", "twice charging"),
    ],
)  # fmt: skip
def test_words_are_compared_without_their_endings_and_in_any_order(one: str, other: str) -> None:
    assert phrases.key(one) == phrases.key(other)


@pytest.mark.parametrize(("one", "other"), [("car", "care"), ("not", "note"), ("plan", "plane"), ("refund", "no refund"), ("late delivery", "delivery")])
def test_different_matters_stay_apart(one: str, other: str) -> None:
    assert phrases.key(one) != phrases.key(other)


def found(text: str, *parts: str) -> str | None:
    (theme,), _ = theming.claimed(pa.array([text]), [Rule(theme=part, counts_as=part, phrases=[part]) for part in parts])
    return theme


def test_a_phrase_stands_where_its_words_follow_one_another() -> None:
    assert found("My delivery came, as ever, very late.", "late delivery") is None
    assert found("It was a late delivery.", "late delivery") == "late delivery"
    assert found("The delivery: late", "late delivery") is None
    assert found("They did not refund it.", "no refund", "refund") == "no refund"
    assert found("Nothing [late] about [e-mail] delivery", "mail", "late delivery") is None


def test_a_touchpoints_words_are_found_whole_and_in_any_case() -> None:
    rules = [Rule(theme="hotline", counts_as="hotline", words=["on hold", "c++ line"])]
    names, evidence = theming.claimed(pa.array(["ON HOLD for hours", "no household", "the C++ line", "Übon hold"]), rules)
    assert names.tolist() == ["hotline", None, "hotline", None]
    assert evidence.tolist() == ["on hold", None, "c++ line", None]


RULES = [
    Rule(theme="a", counts_as="a", words=["bill"]),
    Rule(theme="b", counts_as="c", phrases=["late bill", "twice"]),
    Rule(theme="d", counts_as="d", phrases=["late"]),
]
words = st.sampled_from(["bill", "late", "twice", "the", "not", ",", "Späte", "Rechnung", "[phone]", "12", "😡", "bills"])


@given(st.lists(st.lists(words, max_size=8).map(" ".join), min_size=1, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_what_a_sentence_is_taken_for_depends_on_nothing_but_itself(texts: list[str], chance: random.Random) -> None:
    alone = [theming.claimed(pa.array([text]), RULES)[0][0] for text in texts]
    assert theming.claimed(pa.array(texts), RULES)[0].tolist() == alone
    order = list(range(len(texts)))
    chance.shuffle(order)
    assert theming.claimed(pa.array([texts[place] for place in order]), RULES)[0].tolist() == [alone[place] for place in order]


@given(st.lists(st.text(max_size=40), max_size=6))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_read(texts: list[str]) -> None:
    telling = phrases.read(texts)
    assert all(0 <= place < len(texts) for place in telling.sentence)
    assert all(len(telling.grams(length)[0]) <= len(telling.stem) for length in (1, 2, 3))


# finding


def names(texts: list[str], voices: list[str] | None = None) -> list[str]:
    return [each.name for each in finding.find(texts, voices or [str(number) for number in range(len(texts))])]


def test_what_many_customers_speak_of_is_found_and_named_in_their_words() -> None:
    (theme,) = finding.find(some(CHARGE, 12) + some(LEFT, 40), [f"C{number}" for number in range(52)])
    assert (theme.name, theme.voices) == ("Double charge", 12)
    assert sorted(theme.sentences.tolist()) == list(range(12))


def test_one_customer_who_repeats_it_makes_no_theme() -> None:
    assert names(some(CHARGE, 12) + some(LEFT, 30), ["the same"] * 12 + [f"C{number}" for number in range(30)]) == []


def test_what_four_customers_say_is_nobodys_theme() -> None:
    assert names(some(CHARGE, 4) + some(LEFT, 4)) == []


def test_a_persons_name_becomes_no_theme_however_many_praise_them() -> None:
    texts = ["I spoke to Sarah about it.", "The great Sarah helped me.", "Ask for Sarah there.", "My thanks to Sarah Miller."]
    assert not [name for name in names(some(tuple(texts), 20) + some(LEFT, 20)) if re.search("sarah|miller", name, re.I)]


def test_words_for_one_matter_are_one_theme() -> None:
    texts = ("They were friendly.", "Such polite people.", "Very rude, all of them.", "Unhelpful to the end.")
    (theme,) = finding.find(some(texts, 24) + some(LEFT, 30), [str(number) for number in range(54)])
    assert set(theme.phrases) == {"friendly", "polite", "rude", "unhelpful"}


def test_what_other_stages_speak_of_as_much_is_no_theme_of_this_one() -> None:
    texts = some(CHARGE, 100) + some(LEFT, 200)
    elsewhere = finding.Spoken.of(texts, ["there"] * len(texts))
    assert finding.find(some(CHARGE, 20) + some(LEFT, 40), [str(number) for number in range(60)], elsewhere.beside("here")) == []


def test_between_whole_looks_only_what_more_of_the_new_customers_speak_of_opens_a_theme() -> None:
    texts = some(CHARGE, 40) + some(LEFT, 160)
    customers = [str(number) for number in range(len(texts))]
    as_ever = np.arange(len(texts)) % 4 == 0
    lately = np.arange(len(texts)) >= len(texts) - 50
    assert finding.find(texts, customers)
    assert finding.find(texts, customers, is_new=as_ever) == []
    (theme,) = finding.find(texts[::-1], customers, is_new=lately)
    assert "charge" in theme.name.lower()


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_order_of_sentences_does_not_matter(chance: random.Random) -> None:
    said = [(text, f"C{number}") for number, text in enumerate(some(CHARGE, 12) + some(LIMIT, 12) + some(LEFT, 40))]
    expected = [(each.name, each.phrases, each.voices) for each in finding.find(*map(list, zip(*said, strict=True)))]
    assert len(expected) == 2
    chance.shuffle(said)
    assert [(each.name, each.phrases, each.voices) for each in finding.find(*map(list, zip(*said, strict=True)))] == expected


# nights


def test_a_first_night_opens_themes_and_tells_what_is_left_over(place: Workspace) -> None:
    (theme,) = rows(place, "from themes where kind = 'found'")
    assert (theme["theme"], theme["stage"], theme["name"], theme["phrases"]) == ("pay-1", "pay", "Double charge", ["double charge"])
    (told,) = rows(place, "from stage_themes where theme = 'pay-1' and period_kind = 'rolling' and side = 'all'")
    (other,) = rows(place, "from stage_themes where theme = 'other' and period_kind = 'rolling' and side = 'all'")
    assert (told["units"], told["customers"], told["denominator"], other["units"]) == (20, 20, 70, 50)
    assert other["rank"] > told["rank"]
    ((share,), (low,), (high,)) = intervals.share([20], [70])
    assert (told["share"], told["low"], told["high"]) == (share, low, high)


def test_touchpoints_come_before_what_is_found_and_shares_of_a_record_add_up_to_one(make_workspace: Make) -> None:
    long = "The double charge is still there. Well, there you go. And my bill is late. "
    place = make_workspace(SOURCE, {"a.csv": csv(some(CHARGE, 20) + some(LEFT, 50) + ["The double charge on my bill.", long])})
    run(place)
    (sentence,) = rows(place, "from sentences where text = 'The double charge on my bill.'")
    assert (sentence["theme"], sentence["phrase"]) == ("bill", "bill")
    sums = rows(place, "select record_id, sum(share) as share, count(*) as n from record_themes group by 1")
    assert all(math.isclose(row["share"], 1) for row in sums)  # type: ignore[arg-type]
    assert max(row["n"] for row in sums) == 3  # type: ignore[type-var]


def test_a_night_with_three_new_records_moves_nothing_and_opens_nothing(place: Workspace) -> None:
    before, file = members(place), place.themes.read_bytes()
    drop(place, "b.csv", csv(["A double charge for me too.", "Hm.", "Whatever they say."], 100, "2026-05-20"))
    run(place)
    assert {key: share for key, share in members(place).items() if key in before} == before
    assert len(members(place)) == len(before) + 3
    assert place.themes.read_bytes() == file


def test_a_new_theme_comes_from_what_was_left_over_and_takes_nothing_from_an_older_one(place: Workspace) -> None:
    before = members(place)
    both = "The double charge went over the card limit."
    drop(place, "b.csv", csv([*some(LIMIT, 14), *some(LEFT, 36), both], 100, "2026-06-03"))
    notes = run(place).notes
    assert "a new theme at pay: 'Card limit' (pay-2), 14 customers since 3 June 2026" in notes
    assert {key: share for key, share in members(place).items() if key in before} == before
    (sentence,) = rows(place, f"from sentences where text = '{both}'")
    assert sentence["theme"] == "pay-1"


def test_a_theme_found_later_is_given_to_older_records_out_of_their_left_over_alone(place: Workspace) -> None:
    own = "select theme, share from record_themes semi join (from records where native_id = '90') using (record_id)"
    drop(place, "b.csv", csv(["I found a double charge again! They lowered my card limit."], 90, "2026-05-05"))
    run(place)
    before = {row["theme"]: row["share"] for row in rows(place, own)}
    drop(place, "c.csv", csv([*some(LIMIT, 14), *some(LEFT, 36)], 100, "2026-06-03"))
    run(place)
    assert {row["theme"]: row["share"] for row in rows(place, own)} == {"pay-1": before["pay-1"], "pay-2": before["other"]}


def told(place: Workspace) -> tuple[Any, ...]:
    """Everything that is known of themes."""
    counts = "from signals_by_theme order by all"
    return members(place), rows(place, counts), rows(place, "from themes"), place.themes.read_bytes()


def test_a_rebuild_gives_the_same_themes(place: Workspace) -> None:
    drop(place, "b.csv", csv([*some(LIMIT, 14), *some(LEFT, 36)], 100, "2026-06-03"))
    run(place)
    before = told(place)
    night.run(place, is_anew=True, is_pulling=False)
    assert told(place) == before
    place.warehouse.unlink()
    run(place)
    assert told(place) == before


def end_at(place: Workspace, monkeypatch: pytest.MonkeyPatch, module: object, function: str) -> None:
    """A night that ends where it calls this function."""
    with monkeypatch.context() as patch:
        patch.setattr(module, function, lambda *_: sys.exit(1))
        with pytest.raises(SystemExit):
            run(place)


def test_a_night_that_ended_before_its_themes_leaves_them_to_the_next(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(place, "b.csv", csv(["A double charge for me too.", "Hm.", "The invoice is wrong."], 100, "2026-05-20"))
    end_at(place, monkeypatch, tagging, "theme")
    run(place)
    gone_on = told(place)
    assert len(gone_on[0]) == 73
    night.run(place, is_anew=True, is_pulling=False)
    assert told(place) == gone_on


def test_a_night_that_ended_while_it_compared_compares_again(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(place, "b.csv", csv([*some(LIMIT, 14), *some(LEFT, 36)], 100, "2026-06-03"))
    end_at(place, monkeypatch, themes, "write")
    run(place)
    gone_on = told(place)
    assert {theme for _, theme in gone_on[0]} >= {"pay-1", "pay-2"}
    night.run(place, is_anew=True, is_pulling=False)
    assert told(place) == gone_on


def test_records_of_every_kind_of_night_have_the_themes_that_one_night_gives(place: Workspace, call: Call) -> None:  # noqa: F811
    """Newly come, reworded, deleted and merged in the same night, so that what waits and what is compared again meet."""
    words = ["The invoice is wrong.", *some(CHARGE, 20)[1:], *some(LEFT, 49)]
    drop(place, "a.csv", csv(words))
    drop(place, "b.csv", csv(["A double charge for me too. And my bill is late.", "Hm."], 100, "2026-05-20"))
    assert call("themes", "merge", "pay-1", "bill", "-w", place.root)[0] == 0
    run(place)
    gone_on = told(place)
    assert not {theme for _, theme in gone_on[0]} & {"pay-1"}
    night.run(place, is_anew=True, is_pulling=False)
    assert told(place) == gone_on


def test_another_order_of_the_same_records_gives_the_same_themes(make_workspace: Make) -> None:
    lines = csv([*some(CHARGE, 20), *some(LIMIT, 14), *some(LEFT, 50)]).splitlines()
    told = []
    for name, body in (("one", lines[1:]), ("other", lines[:0:-1])):
        place = make_workspace(SOURCE, {"a.csv": "\n".join([lines[0], *body]) + "\n"}, name=name)
        run(place)
        told.append((members(place), rows(place, "select theme, name, phrases from themes")))
    assert told[0] == told[1]


def test_a_replay_of_the_past_leaves_the_book_alone(place: Workspace) -> None:
    file = place.themes.read_bytes()
    (landed,) = rows(place, "select max(landed_at) as at from records")
    run(place, as_of="2026-05-10")
    assert place.themes.read_bytes() == file
    assert landed


def test_a_reworded_record_is_themed_anew(place: Workspace) -> None:
    drop(place, "a.csv", csv(["The invoice is wrong.", *some(CHARGE, 20)[1:], *some(LEFT, 50)]))
    run(place)
    (row,) = rows(place, "select theme from record_themes t semi join (from records where native_id = '0') using (record_id)")
    assert row["theme"] == "bill"


def test_forgetting_takes_a_persons_themes_away_and_keeps_what_many_said(place: Workspace) -> None:
    persons.forget(place, Identity.customer("C00000"))
    assert not rows(place, "from record_themes anti join records using (record_id)")
    assert rows(place, "select sum(units) as n from signals_by_theme where theme = 'pay-1' and cut_by = 'all'") == [{"n": 19}]
    assert "C00000" not in place.themes.read_text(encoding="utf-8")


def test_a_company_that_writes_in_another_language_gets_its_touchpoints_and_no_nonsense(make_workspace: Make) -> None:
    german = SOURCE + 'language = "de"\n'
    texts = ("Die doppelte Abbuchung ist noch da.", "Schon wieder eine doppelte Abbuchung.", "Der Refund fehlt.", "Und die Rechnung ist falsch.")
    place = make_workspace(german, {"a.csv": csv(some(texts, 60))})
    run(place)
    told = {row["theme"]: row["units"] for row in rows(place, "from stage_themes where period_kind = 'rolling' and side = 'all'")}
    assert told == {"refund": 15, "other": 45}


def test_themes_change_is_of_each_source_with_itself(make_workspace: Make) -> None:
    """Ten of forty, then fifteen of forty; a second source that is heard in one quarter only changes nothing."""
    more = SOURCE.replace("reviews", "calls").replace("inbox/*.csv", "inbox/calls/*.csv")
    first = csv(some(CHARGE, 10) + some(LEFT, 30), 0, "2026-02-10")
    then = csv(some(CHARGE, 15) + some(LEFT, 25), 100, "2026-05-10")
    place = make_workspace(SOURCE + more, {"a.csv": first, "b.csv": then})
    (place.inbox / "calls").mkdir()
    drop(place, "calls/c.csv", csv(some(LEFT, 20), 200, "2026-05-11"))
    run(place)
    (told,) = rows(place, "from stage_themes where theme = 'pay-1' and period = '2026-Q2' and side = 'all'")
    assert (told["units"], told["denominator"]) == (15, 60)
    assert told["change"] == pytest.approx(5 / 40)
    spread = (16 / 42) * (26 / 42) / 42 + (11 / 42) * (31 / 42) / 42
    assert told["change_low"] == pytest.approx(5 / 40 - 1.6448536 * math.sqrt(spread))


def test_a_theme_is_told_by_side(make_workspace: Make) -> None:
    place = make_workspace(
        SOURCE, {"a.csv": csv(some(CHARGE, 20) + some(LEFT, 50)), "b.csv": csv(["Thank you, the double charge is kindly sorted."] * 3, 100, score=10)}
    )
    run(place)
    sides = {row["side"]: (row["units"], row["denominator"]) for row in rows(place, "from stage_themes where theme = 'pay-1' and period_kind = 'rolling'")}
    assert sides["all"] == (23, 73)
    assert sides["great"][0] == 3
    counted = rows(place, "select sum(units) as units, sum(trouble + in_between + great + without_stance) as parts from signals_by_theme where cut_by = 'all'")
    assert counted == [{"units": 73, "parts": 73}]


# what people decide


def book(*more: str) -> Book:
    made = Book()
    for name in ("Double charge", "Card limit", *more):
        made.open("pay", name, [name.lower()], DAY)
    made.open("use", "Noise", ["noise", "loud music"], DAY)
    return made


def pay(made: Book, until: dt.date = DAY) -> list[tuple[str, str]]:
    stage = next(stage for stage in DEFAULT.stages if stage.stage == "pay")
    return [(rule.theme, rule.counts_as) for rule in made.rules(stage, until)]


def test_an_id_is_never_given_again() -> None:
    made = book()
    themes.merge(made, DEFAULT, "pay-2", "pay-1", DAY)
    assert made.open("pay", "Fees", ["fees"], DAY).theme == "pay-3"


def test_what_is_merged_counts_as_the_other_theme_and_stands_where_it_stood() -> None:
    made = book("Fees")
    themes.merge(made, DEFAULT, "pay-1", "pay-2", DAY)
    themes.merge(made, DEFAULT, "pay-2", "bill", DAY)
    assert pay(made) == [("bill", "bill"), ("refund", "refund"), ("pay-1", "bill"), ("pay-2", "bill"), ("pay-3", "pay-3")]


def test_what_is_split_off_goes_before_its_theme_also_before_a_touchpoint() -> None:
    made = book()
    themes.split(made, DEFAULT, "bill", ["late bill"], "Late bills", DAY)
    assert pay(made) == [("pay-3", "pay-3"), ("bill", "bill"), ("refund", "refund"), ("pay-1", "pay-1"), ("pay-2", "pay-2")]
    assert pay(made, DAY - dt.timedelta(days=1)) == [("bill", "bill"), ("refund", "refund")]


def test_a_split_takes_the_phrase_out_of_its_theme() -> None:
    made = book()
    themes.split(made, DEFAULT, "use-1", ["music, loud"], None, DAY)
    noise, music = made.themes[-2:]
    assert (noise.theme, noise.phrases, noise.version) == ("use-1", ["noise"], 2)
    assert (music.theme, music.name, music.kind, music.part_of) == ("use-2", "Music, loud", "person", "use-1")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda made: themes.rename(made, DEFAULT, "pay-9", "X", DAY), "There are: website"),
        (lambda made: themes.rename(made, DEFAULT, "bill", "X", DAY), "journey.yaml"),
        (lambda made: themes.rename(made, DEFAULT, "pay-1", " ", DAY), "empty"),
        (lambda made: themes.merge(made, DEFAULT, "pay-1", "use-1", DAY), "within a stage"),
        (lambda made: themes.merge(made, DEFAULT, "pay-1", "pay-1", DAY), "itself"),
        (lambda made: themes.merge(made, DEFAULT, "bill", "pay-1", DAY), "journey.yaml"),
        (lambda made: themes.split(made, DEFAULT, "pay-1", ["double charge"], None, DAY), "Nothing would be left"),
        (lambda made: themes.split(made, DEFAULT, "pay-1", ["with the"], None, DAY), "telling words"),
        (lambda made: themes.split(made, DEFAULT, "pay-1", ["one long phrase about card limits abroad"], None, DAY), "telling words"),
        (lambda made: themes.split(made, DEFAULT, "pay-1", [" "], None, DAY), "--phrases"),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_is_refused_in_words(act: Callable[[Book], Any], words: str) -> None:
    with pytest.raises(Mend, match=re.escape(words)):
        act(book())


def test_a_book_survives_being_written_and_read(tmp_path: Path) -> None:
    made = book()
    themes.rename(made, DEFAULT, "pay-1", 'Zweimal abgebucht: "#1"', DAY)
    made.looked["pay"] = dt.datetime(2026, 6, 30, 22, tzinfo=dt.UTC)
    themes.write(tmp_path / "themes.yaml", made)
    assert themes.read(tmp_path / "themes.yaml") == made
    assert "Never" not in (tmp_path / "themes.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content["themes"][0].update(theme="pay-2"), "twice"),
        (lambda content: content["themes"][0].update(merged_into="pay-1"), "leads back"),
        (lambda content: content["themes"][0].update(phrases=["the"]), "telling word"),
        (lambda content: content["themes"][0].update(colour="red"), "colour"),
        (lambda content: content.update(themes="none"), "themes"),
    ],
)  # fmt: skip
def test_a_damaged_book_is_told_in_a_sentence(tmp_path: Path, change: Callable[[dict[str, Any]], None], words: str) -> None:
    path = tmp_path / "themes.yaml"
    themes.write(path, book())
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(Mend, match=words):
        themes.read(path)


def test_decisions_at_the_terminal_count_from_the_next_night_and_last_through_a_rebuild(call: Call, place: Workspace) -> None:  # noqa: F811
    assert call("themes", "rename", "pay-1", "Charged twice", "-w", place.root)[0] == 0
    assert call("themes", "split", "pay-1", "--phrases", "found double charge", "-w", place.root)[0] == 0
    for again in (lambda: run(place), lambda: night.run(place, is_anew=True, is_pulling=False)):
        again()
        listed = {row["theme"]: row["name"] for row in rows(place, "from themes where kind <> 'touchpoint'")}
        assert listed == {"pay-1": "Charged twice", "pay-2": "Found double charge"}
        assert rows(place, "select theme, count(*) as n from record_themes where theme <> 'other' group by 1 order by 1") == [
            {"theme": "pay-1", "n": 15}, {"theme": "pay-2", "n": 5}]  # fmt: skip
    status, out, _ = call("themes", "list", "--stage", "pay", "-w", place.root)
    assert status == 0
    assert all(words in out for words in ("Charged twice", "Found double charge", "Other", "--json"))
    listed = json.loads(call("themes", "list", "--stage", "Pay", "--json", "-w", place.root)[1])
    assert {row["theme"]: row["part_of"] for row in listed}["pay-2"] == "pay-1"
    status, _, err = call("themes", "merge", "pay-1", "use-7", "-w", place.root)
    assert (status, "There is no theme 'use-7'" in err) == (2, True)
    assert call("themes", "list", "--stage", "nowhere", "-w", place.root)[0] == 2


def test_what_is_found_depends_on_no_random_number() -> None:
    np.random.seed(1)
    assert names(some(CHARGE, 12) + some(LIMIT, 12) + some(LEFT, 40)) == names(some(CHARGE, 12) + some(LIMIT, 12) + some(LEFT, 40))
