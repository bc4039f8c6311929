"""Sentences, the classifier and the tags that records get."""

from __future__ import annotations

import csv
import itertools
import json
import multiprocessing
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saying import said, select, the, understood, workspace_with
from sklearn.feature_extraction.text import TfidfVectorizer
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from listening import journey, tagging
from listening.tagging import chunks, classifier, features, sentences, sentiment, tagger, training
from listening.tagging.station import tag_tables
from listening.tagging.tagger import Tables, Tagger
from listening.warehouse import Warehouse
from listening.workspace import Mend, Workspace, shipped

MakeWorkspace = Callable[..., Workspace]
BILL = "I was charged twice on my bill and the refund for the double charge never came."
UNCLEAR = "The letter about the account said we would hear by Friday."
STAFF = "The nurse was kind and the ward was spotless."


def parts(text: str) -> list[str]:
    return [text[start:stop] for start, stop in sentences.split(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It was late. Nobody rang!", ["It was late.", "Nobody rang!"]),
        ("Dr. Smith saw Mrs. Jones. Fine.", ["Dr. Smith saw Mrs. Jones.", "Fine."]),
        ("J. K. came. Then we left.", ["J. K. came.", "Then we left."]),
        ("He offered e.g. a voucher at 5 p.m. and left. Bye.", ["He offered e.g. a voucher at 5 p.m. and left.", "Bye."]),
        ("They came at 5 p.m. Nobody was in.", ["They came at 5 p.m.", "Nobody was in."]),
        ("No. It was bad. See No. 5 there.", ["No.", "It was bad.", "See No. 5 there."]),
        ("I paid £3.50. Rated 3.5 overall.", ["I paid £3.50.", "Rated 3.5 overall."]),
        ("THE STAFF WERE RUDE. NOBODY CAME.", ["THE STAFF WERE RUDE.", "NOBODY CAME."]),
        ("So did I. Then it broke.", ["So did I.", "Then it broke."]),
        ("Waited... and waited… then left", ["Waited...", "and waited…", "then left"]),
        ("Great! 😀 Next one.", ["Great! 😀", "Next one."]),
        ("Bad.😡 Never again.", ["Bad.😡", "Never again."]),
        ("See www.a.co.uk/x?b=1. Then http://a.b/c?d=1 ok", ["See www.a.co.uk/x?b=1.", "Then http://a.b/c?d=1 ok"]),
        ("1. Rude staff\n2. No parking", ["1. Rude staff", "2. No parking"]),
        ("Late delivery\nmy parcel came late", ["Late delivery", "my parcel came late"]),
        ("a line of an old letter that was wrapped at its end by\nthe mail program. Yes", [
            "a line of an old letter that was wrapped at its end by\nthe mail program.", "Yes"]),
        ('He said "no." Then he left (really?) Yes', ['He said "no."', "Then he left (really?)", "Yes"]),
        ("今日は。ありがとう！", ["今日は。", "ありがとう！"]),
        ("!!! Hello. ...", ["!!! Hello. ..."]),
        ("😡😡", ["😡😡"]),
        ("...", ["..."]),
        (" \n ", []),
        ("", []),
    ],
)  # fmt: skip
def test_a_text_is_split_where_a_reader_would_pause(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


pieces = st.sampled_from(
    ["Dr.", "e.g.", "p.m.", "No.", "5", "3.5", "...", "…", "!", "?", "😡", "\n", " ", "  ", "word", "I.", "http://a.b/?c=1", "(so)", '"', "。", "é"]
)
texts = st.one_of(st.text(max_size=80), st.lists(pieces, max_size=25).map("".join), st.lists(pieces, max_size=15).map(" ".join))


@given(texts)
@settings(max_examples=200, deadline=None)
def test_sentences_hold_every_sign_of_a_text_once_and_in_order(text: str) -> None:
    spans = sentences.split(text)
    assert all(start < stop for start, stop in spans)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    assert all(text[start:stop] == text[start:stop].strip() for start, stop in spans)
    outside = [sign for place, sign in enumerate(text) if not any(start <= place < stop for start, stop in spans)]
    assert not "".join(outside).strip()


@given(texts)
@settings(max_examples=100, deadline=None)
def test_splitting_a_sentence_again_finds_its_words_again(text: str) -> None:
    for part in parts(text):
        assert "".join("".join(parts(part)).split()) == "".join(part.split())


def test_long_texts_without_letters_are_split_without_delay() -> None:
    assert len(parts("! 😀" * 12_000)) == 1


def parts_of_many(many: list[str]) -> list[list[str]]:
    taken = chunks.apart(many)
    begins = sentences.begins(taken, sentences.asked(taken.distinct))
    found: list[list[str]] = [[] for _ in many]
    for first, last in itertools.pairwise(begins):
        text = np.searchsorted(taken.bounds, first, side="right") - 1
        found[text].append(taken.signs[taken.starts[first] : taken.stops[last - 1]].tobytes().decode())
    return found


odd_texts = st.one_of(
    texts, st.lists(st.sampled_from(["1.", "12.", "\u00a0", "\u2003", "\x1c", "。」", "\r\n", "x" * 49, "mr.", "\n1. a", "a"]), max_size=12).map("".join)
)


@given(st.lists(odd_texts.filter(lambda text: not re.search("[\ud800-\udfff]", text)), max_size=8))
@settings(max_examples=300, deadline=None)
def test_many_texts_are_split_like_each_by_itself(many: list[str]) -> None:
    assert parts_of_many(many) == [parts(text) for text in many]


# features

LEARNT = ["My bill was wrong, twice wrong!", "don't ring me", "the Bill", "ΟΔΥΣΣΕΥΣ naïve İstanbul ß 3x", "no_one said so; a a a", "😡 great!", "x"]
signs = st.sampled_from([*" \n\u00a0.,'_-😡", "wrong", "bill", "BILL", "don't", "twice wrong", "ς", "Σ", "İ", "ß", "a", "me", "so; a a", "naïve", "\u0301"])
wordings = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.lists(signs, max_size=12).map("".join))


@given(st.lists(wordings, max_size=6))
@settings(max_examples=300, deadline=None)
def test_words_are_scikit_learns_to_the_sixth_decimal(many: list[str]) -> None:
    reference = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=features.WORD).fit(LEARNT)
    fast = features.fit(LEARNT).transform(many)[:, : len(reference.vocabulary_)]
    assert fast.shape == (len(many), len(reference.vocabulary_))
    if many:
        assert abs(fast - reference.transform(many)).max() <= 1e-6


@given(st.lists(wordings, max_size=6))
@settings(max_examples=200, deadline=None)
def test_pieces_are_scikit_learns_to_the_sixth_decimal(many: list[str]) -> None:
    reference = TfidfVectorizer(sublinear_tf=True, ngram_range=(2, 5), analyzer="char_wb", norm=None).fit(LEARNT)
    distinct = chunks.apart(many).distinct
    fast = features.fit(LEARNT).pieces(distinct)
    if distinct:
        assert abs(fast - reference.transform(distinct)).max() <= 1e-6


@given(st.lists(wordings, min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_scores_are_the_product_of_features_and_weights(many: list[str]) -> None:
    fitted_on = features.fit(LEARNT)
    weights = np.random.default_rng(1).normal(size=(fitted_on.number, 3)).astype(np.float32)
    scorer = features.Scorer(fitted_on, weights)
    taken = chunks.apart(many)
    stream = fitted_on.words.read(taken, fitted_on.words.asked(taken.distinct))
    scores = scorer.scores(taken, stream, scorer.asked(taken.distinct), taken.bounds)
    assert scores == pytest.approx(fitted_on.transform(many) @ weights, abs=1e-4)


def test_what_is_forgotten_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MOST_KNOWN", 3)
    known = chunks.Known(lambda asked: np.array([len(chunk) for chunk in asked], float).reshape(-1, 1))
    for some in (["a", "bb"], ["bb", "ccc", "dddd"], ["a"], ["a", "bb", "ccc", "dddd", "eeeee"], []):
        (rows,) = known(some)
        assert rows[:, 0].tolist() == [len(chunk) for chunk in some]


# the lexicon

TRICKY = [
    "VADER is VERY SMART, uber handsome, and FRIGGIN FUNNY!!!", "At least it isn't a horrible book.", "The book was only kind of good.",
    "Today only kinda sux! But I'll get by, lol", "such as 💘 and 💋 and 😁", "sentiment analysis is the shit!", "VADER is quite bad ass",
    "one of the least compelling variations", "Without a doubt, an excellent idea.", "never been this good!", "a cake to die for", "no good",
    "it is no really good or bad", "neither good nor bad", "kiss of death for a great love", "not so good, good good??", "Yeah right", "", "!!!", ":) :D",
]  # fmt: skip


def test_feelings_of_words_are_vaders() -> None:
    analyzer = SentimentIntensityAnalyzer()
    starter = [label.text for label in training.starter_labels(journey.read(shipped("default-journey.yaml")))]
    many = TRICKY + starter
    expected = np.array([[analyzer.polarity_scores(text)[name] for name in sentiment.SCORES] for text in many])
    is_same = np.abs(sentiment.of(many) - expected).max(axis=1) <= 1e-4
    assert is_same[: len(TRICKY)].all()
    assert is_same.mean() >= 0.999, "but for a slip of VADER's: after 'but' it changes the first of two equal values twice"


# the classifier


def test_a_model_holds_arrays_and_words_but_no_pickle(fitted: Path) -> None:
    (folder,) = fitted.glob("stage-*")
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "model.json", "weights.npz"]
    with zipfile.ZipFile(folder / "weights.npz") as archive:
        assert all(name.endswith(".npy") for name in archive.namelist())
    with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype == np.float32 for name in arrays.files)


@pytest.mark.parametrize("name", ["weights.npz", "model.json"])
def test_a_changed_model_is_refused_in_words(make_workspace: MakeWorkspace, name: str) -> None:
    place = make_workspace()
    (folder,) = place.models.glob("stage-*")
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(bytes(content))
    with pytest.raises(Mend, match=r"was changed after it was fitted\. Run 'listening init"):
        classifier.load(place.models)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"stage": "nothing"}'])
def test_a_torn_pointer_to_the_model_is_refused_in_words(make_workspace: MakeWorkspace, content: str) -> None:
    place = make_workspace()
    (place.models / "current.json").write_text(content, encoding="utf-8")
    with pytest.raises(Mend, match="Run 'listening init"):
        classifier.load(place.models)


def test_a_workspace_without_a_classifier_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(Mend, match="There is no classifier in"):
        classifier.load(tmp_path)


def test_pieces_of_words_say_nothing_of_feelings(fitted: Path) -> None:
    (folder,) = fitted.glob("stage-*")
    words = len(json.loads((folder / "model.json").read_bytes())["words"])
    with np.load(folder / "weights.npz") as arrays:
        weights = arrays["feeling_weights"]
    assert np.abs(weights[:, :words]).max() > 0
    assert not weights[:, words : -len(sentiment.SCORES)].any()
    assert np.abs(weights[:, -len(sentiment.SCORES) :]).max() > 0


def test_probabilities_add_up_to_one_whatever_the_text(fitted: Path) -> None:
    model = classifier.load(fitted)
    found = model.probabilities(["my bill is wrong", "", "😡", "żółć", "x" * 5000, "the " * 500])
    assert found.shape == (6, 9)
    assert found.sum(axis=1) == pytest.approx(np.ones(6))
    assert (found >= 0).all()
    assert model.probabilities([]).shape == (0, 9)


def test_no_share_of_the_starter_labels_lies_outside_its_interval(fitted: Path) -> None:
    rows = classifier.load(fitted).facts["accuracy"]
    assert [row["class"] for row in rows] == [*journey.DEFAULT_STAGES, "none", "all"]
    for row in rows:
        assert row["precision_low"] <= row["precision"] <= row["precision_high"]
        assert row["recall_low"] <= row["recall"] <= row["recall_high"]
    assert rows[-1]["recall"] > 0.55
    assert rows[-1]["calibration_error"] < 0.1


def fit_in_few_turns(place: Workspace) -> None:
    """A classifier for a workspace's journey, examined in two turns: for tests of what stages it knows and not of how well."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(training, "TURNS", 2)
        tagging.fit(place.models, journey.read(place.journey))


@pytest.fixture(scope="module")
def own_journeys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Workspace]:
    """A journey with a renamed, a merged and a missing stage, and one of a single stage, each with its classifier."""
    made = {}
    for name, stages in {
        "merged": "[{stage: shop, covers: [discover, buy]}, {stage: life, covers: [use, onboard]}, {stage: pay}, {stage: care, covers: [support]}]",
        "single": "[{stage: life, covers: [discover, buy, onboard, use, pay, support, renew, leave]}]",
    }.items():
        place = Workspace(tmp_path_factory.mktemp(name))
        place.journey.write_text(f"stages: {stages}", encoding="utf-8")
        fit_in_few_turns(place)
        made[name] = place
    return made


def test_labels_of_covered_stages_teach_the_stage_that_covers_them(own_journeys: dict[str, Workspace]) -> None:
    place = own_journeys["merged"]
    assert classifier.load(place.models).stages == ["shop", "life", "pay", "care", "none"]
    stages = [label.stage for label in training.starter_labels(journey.read(place.journey))]
    assert set(stages) == {"shop", "life", "pay", "care", "none"}
    given = [row["stage"] for path in sorted(shipped("reference").glob("starter-*.csv")) for row in csv.DictReader(path.open(encoding="utf-8", newline=""))]
    assert stages.count("shop") == given.count("discover") + given.count("buy")


def test_a_journey_of_merged_stages_is_tagged_with_them(own_journeys: dict[str, Workspace], store: Warehouse) -> None:
    understood(own_journeys["merged"], store, said("a", BILL), said("b", STAFF))
    assert the(store, "tagging.tags", "a")["stage"] == "pay"
    assert the(store, "tagging.tags", "b")["stage"] == "life"


def test_a_journey_may_have_a_single_stage(own_journeys: dict[str, Workspace], store: Warehouse) -> None:
    understood(own_journeys["single"], store, said("a", BILL))
    assert the(store, "tagging.tags", "a")["stage"] == "life"


def test_a_stage_that_no_label_speaks_of_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "journey.yaml").write_text("stages: [{stage: use}, {stage: claims}]", encoding="utf-8")
    with pytest.raises(Mend, match="nothing tells what stage 'claims' is about"):
        tagging.fit(tmp_path / "models", journey.read(tmp_path / "journey.yaml"))
    assert not (tmp_path / "models").exists()


def test_a_stage_of_ones_own_is_learnt_from_its_description_and_words(tmp_path: Path) -> None:
    stages = "stages: [{stage: use}, {stage: pets, description: 'bringing a dog; the cat on board; travelling with an animal', touchpoints: []}]"
    (tmp_path / "journey.yaml").write_text(stages, encoding="utf-8")
    fit_in_few_turns(Workspace(tmp_path))
    fitted = classifier.load(tmp_path / "models")
    (shares,) = fitted.probabilities(["travelling with an animal, my dog"])
    assert fitted.stages[int(shares.argmax())] == "pets"


def edit(place: Workspace, old: str, new: str) -> None:
    text = place.journey.read_text(encoding="utf-8")
    assert old in text
    place.journey.write_text(text.replace(old, new), encoding="utf-8")


def test_words_edited_after_fitting_are_remarked_and_everything_is_tagged_again(make_workspace: MakeWorkspace, store: Warehouse) -> None:
    place = make_workspace()
    assert understood(place, store, said("a", BILL)).notes == ()
    edit(place, "name: Stay", "name: Stay with us")
    again = understood(place, store)
    assert again.records == 1
    assert again.notes == ("journey.yaml was edited after the classifier was fitted; 'listening init' on this folder fits it to the new words",)


def test_a_stage_added_after_fitting_stops_with_the_way_to_mend_it(make_workspace: MakeWorkspace, store: Warehouse) -> None:
    place = make_workspace()
    edit(place, "stage: support", "stage: care\n    covers: [support]")
    with pytest.raises(Mend, match=r"does not know the stage 'care' of journey\.yaml\. Run 'listening init"):
        understood(place, store)


def test_a_stage_taken_away_after_fitting_stops_with_the_way_to_mend_it(make_workspace: MakeWorkspace, store: Warehouse) -> None:
    place = make_workspace()
    edit(place, place.journey.read_text(encoding="utf-8")[place.journey.read_text(encoding="utf-8").index("  - stage: leave") :], "")
    with pytest.raises(Mend, match=r"still knows the stage 'leave', which journey\.yaml no longer has\. Run 'listening init"):
        understood(place, store)


# tags


@pytest.fixture
def place(fitted: Path, tmp_path: Path) -> Workspace:
    return workspace_with(fitted, tmp_path / "workspace")


def test_a_clear_text_is_placed_with_its_confidence(place: Workspace, store: Warehouse) -> None:
    understood(place, store, said("a", BILL))
    tag = the(store, "tagging.tags", "a")
    assert (tag["stage"], tag["stage_guess"], tag["stage_basis"], tag["flags"]) == ("pay", "pay", "text", [])
    assert 0.5 <= tag["stage_confidence"] <= 1
    assert tag["classifier_version"] == classifier.load(place.models).version


def test_an_unclear_text_is_left_open_with_a_guess_and_its_doubts(place: Workspace, store: Warehouse) -> None:
    understood(place, store, said("a", UNCLEAR), said("b", "Mmh well"), said("c", "Zxqv blorp wibble snarf."))
    tag = the(store, "tagging.tags", "a")
    assert tag["stage"] is None
    assert tag["stage_guess"] is not None
    assert tag["stage_confidence"] < 0.5
    assert tag["flags"] == ["low_margin"]
    assert "too_short" in the(store, "tagging.tags", "b")["flags"]
    assert "unlike_training" in the(store, "tagging.tags", "c")["flags"]
    assert select(store, "select * from tagging.record_stages where record_id = 'a'") == []


def test_praise_without_a_matter_belongs_to_no_stage(place: Workspace, store: Warehouse) -> None:
    understood(place, store, said("a", "Worst company ever. Absolutely terrible company."))
    assert the(store, "tagging.tags", "a")["stage"] == "none"
    assert [(row["stage"], row["share"]) for row in select(store, "select * from tagging.record_stages")] == [("none", 1.0)]


def test_another_language_is_not_guessed_at(place: Workspace, store: Warehouse) -> None:
    understood(place, store, said("a", "Die Rechnung ist falsch. Ich bin sehr wütend.", language="de"))
    tag = the(store, "tagging.tags", "a")
    assert (tag["stage"], tag["stage_guess"], tag["stage_confidence"], tag["sentiment"]) == (None, None, None, None)
    assert tag["flags"] == ["other_language"]
    for sentence in select(store, "select * from tagging.sentences"):
        assert (sentence["stage"], sentence["stage_guess"], sentence["sentiment"]) == (None, None, None)


def test_a_text_of_signs_alone_has_a_feeling_and_a_guess(place: Workspace, store: Warehouse) -> None:
    understood(place, store, said("a", "😀😀😀", language=None))
    tag = the(store, "tagging.tags", "a")
    assert tag["stage_guess"] is not None
    assert tag["sentiment"] > 0.1
    assert {"too_short", "unlike_training"} <= set(tag["flags"])


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_a_record_without_words_has_no_guess_and_no_doubts(place: Workspace, store: Warehouse, text: str | None) -> None:
    understood(place, store, said("a", text, score=9, score_worst=0, score_best=10))
    tag = the(store, "tagging.tags", "a")
    assert (tag["stage"], tag["stage_guess"], tag["stage_basis"], tag["flags"], tag["sentiment"]) == (None, None, "none", [], None)
    assert the(store, "tagging.tagged_records", "a")["stance"] == "great"


def test_what_the_source_says_wins_over_the_words(place: Workspace, store: Warehouse) -> None:
    understood(
        place, store,
        said("stage", f"{BILL} {STAFF}", given_stage="support"),
        said("touchpoint", BILL, given_stage="support", given_touchpoint="renewal"),
        said("silent", given_stage="leave"),
        said("foreign", "Alles war gut und schön.", language="de", given_stage="buy"),
        said("unknown", BILL, given_stage="nowhere"),
    )  # fmt: skip
    tags = {row["record_id"]: row for row in select(store, "select * from tagging.tags")}
    found = {name: (tag["stage"], tag["touchpoint"], tag["stage_basis"]) for name, tag in tags.items()}
    assert found == {
        "stage": ("support", None, "source"), "touchpoint": ("renew", "renewal", "source"), "silent": ("leave", None, "source"),
        "foreign": ("buy", None, "source"), "unknown": ("pay", "bill", "text"),
    }  # fmt: skip
    assert tags["stage"]["stage_guess"] != "support"
    assert {row["stage"] for row in select(store, "select * from tagging.sentences where record_id in ('stage')")} == {"support"}
    assert [(row["stage"], row["share"]) for row in select(store, "select * from tagging.record_stages where record_id = 'stage'")] == [("support", 1.0)]


def test_a_touchpoint_is_known_by_its_words_even_if_they_end_in_a_sign(place: Workspace, store: Warehouse) -> None:
    edit(place, "words: [bill, invoice, statement]", "words: ['double charge', 'bill+']")
    understood(place, store, said("a", "I was charged twice, my bill+ was wrong and the payment failed."), said("b", BILL))
    assert the(store, "tagging.tags", "a")["touchpoint"] == "bill"
    assert the(store, "tagging.tags", "b")["touchpoint"] == "bill"


def test_only_what_changed_is_tagged_again(place: Workspace, store: Warehouse) -> None:
    assert understood(place, store, said("a", BILL), said("b", STAFF)).records == 2
    assert understood(place, store).records == 0
    assert understood(place, store, said("a", STAFF)).records == 1
    assert the(store, "tagging.tags", "a")["stage"] == "use"
    assert understood(place, store, said("b", STAFF, given_stage="pay", given_touchpoint="unheard of")).records == 1
    assert understood(place, store, said("b", STAFF, given_stage="buy", given_touchpoint="unheard of")).records == 1
    assert the(store, "tagging.tags", "b")["stage"] == "buy"
    assert understood(place, store, said("a", STAFF, language="de")).records == 1
    assert the(store, "tagging.tags", "a")["stage_guess"] is None


def test_an_edited_text_leaves_no_old_sentence_behind(place: Workspace, store: Warehouse) -> None:
    understood(place, store, said("a", f"{BILL} {STAFF}"))
    understood(place, store, said("a", STAFF))
    assert [row["text"] for row in select(store, "select * from tagging.sentences")] == [STAFF]


def test_a_deleted_record_loses_its_sentences_stages_and_tags(place: Workspace, store: Warehouse) -> None:
    understood(place, store, said("a", BILL), said("b", STAFF))
    understood(place, store, said("a", None, is_deleted=True))
    for table in ("tags", "sentences", "record_stages"):
        assert {row["record_id"] for row in select(store, f"select record_id from tagging.{table}")} == {"b"}


def test_sentences_are_spans_of_the_text_numbered_from_one(place: Workspace, store: Warehouse) -> None:
    text = f"{BILL} {STAFF} 😀\nBye."
    understood(place, store, said("a", text))
    rows = select(store, "select * from tagging.sentences order by sentence_no")
    assert [row["sentence_no"] for row in rows] == [1, 2, 3]
    assert [text[row["start"] : row["stop"]] for row in rows] == [row["text"] for row in rows] == [BILL, f"{STAFF} 😀", "Bye."]


WORDS = sorted({word for text in (BILL, STAFF, "parcel delivery hotline cancel renewal order shop rude great wrong 😡 no.") for word in re.split(r"\s+", text)})
many_texts = st.lists(st.one_of(st.none(), st.lists(st.sampled_from(WORDS), min_size=1, max_size=30).map(" ".join)), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def default_tagger(fitted: Path) -> Tagger:
    return Tagger(classifier.load(fitted), journey.read(shipped("default-journey.yaml")), "test")


COLUMNS = ("record_id", "text", "text_hash", "language", "given_stage", "given_touchpoint", "given")
SCHEMA = pa.schema([(name, pa.string()) for name in COLUMNS])


def tagged(ready: Tagger, texts: Sequence[str | None], **cells: str | None) -> Tables:
    rows = [{"record_id": str(number), "text": text, "language": "en", **cells} for number, text in enumerate(texts)]
    return ready.tag(pa.Table.from_pylist(rows, schema=SCHEMA))


@given(many_texts, st.sampled_from([None, "pay", "none", "nowhere"]), st.sampled_from(["en", None, "de"]))
@settings(max_examples=40, deadline=None)
def test_shares_add_up_to_one_and_the_main_stage_has_the_largest(
    default_tagger: Tagger, said_texts: list[str | None], stage: str | None, language: str
) -> None:
    found = tagged(default_tagger, said_texts, language=language, given_stage=stage)
    tags, stages, rows = (table.to_pylist() for table in (found.tags, found.record_stages, found.sentences))
    assert [tag["record_id"] for tag in tags] == [str(number) for number in range(len(said_texts))]
    for tag in tags:
        shares = {row["stage"]: row["share"] for row in stages if row["record_id"] == tag["record_id"]}
        if tag["stage"] is None:
            assert not shares
        else:
            assert sum(shares.values()) == pytest.approx(1)
            assert shares[tag["stage"]] == max(shares.values())
            assert all(0 <= row["confidence"] <= 1 for row in stages)
    assert all(-1 <= row["sentiment"] <= 1 for row in rows if row["sentiment"] is not None)


MANY = [f"{BILL} {STAFF}", UNCLEAR, None, "", " \n", "😡😡 bill。ok", "the " * 3000, "żółć\u00a0naïve. 3x\n\nyes", "nothing", BILL, "n/a", STAFF * 40, BILL]


def rows_of(tables: Tables) -> list[list[dict[str, object]]]:
    return [sorted(table.to_pylist(), key=lambda row: (row["record_id"], row.get("sentence_no"), row.get("stage"))) for table in vars(tables).values()]


def test_the_order_of_records_and_their_neighbours_change_no_tag(default_tagger: Tagger) -> None:
    table = pa.Table.from_pylist([{"record_id": f"{number:02}", "text": text, "language": "en"} for number, text in enumerate(MANY)], schema=SCHEMA)
    together = rows_of(default_tagger.tag(table))
    assert rows_of(default_tagger.tag(table.take(list(reversed(range(len(MANY))))))) == together
    alone = [default_tagger.tag(table.slice(number, 1)) for number in range(len(MANY))]
    assert rows_of(Tables(*(pa.concat_tables([getattr(each, name) for each in alone]) for name in vars(alone[0])))) == together


def test_two_processes_tag_like_one_even_if_one_is_killed(default_tagger: Tagger, fitted: Path) -> None:
    table = pa.Table.from_pylist([{"record_id": f"{number:04}", "text": MANY[number % len(MANY)], "language": "en"} for number in range(120)], schema=SCHEMA)
    slices = [table.slice(start, 10) for start in range(0, 120, 10)]
    alone = [rows_of(Tables(**tables)) for tables in tag_tables(default_tagger, fitted, slices, 1)]
    shared = tag_tables(default_tagger, fitted, slices, 2)
    found = [rows_of(Tables(**next(shared)))]
    for process in multiprocessing.active_children()[:1]:
        process.kill()
    assert found + [rows_of(Tables(**tables)) for tables in shared] == alone


def test_the_main_stage_keeps_a_share_even_below_the_least_one(default_tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    (alone,) = tagged(default_tagger, [UNCLEAR]).tags.to_pylist()
    monkeypatch.setattr(tagger, "LEAST_SHARE", 0.99)
    monkeypatch.setattr(tagger, "PLACED_FROM", 0.0)
    (row,) = tagged(default_tagger, [UNCLEAR]).record_stages.to_pylist()
    assert (row["stage"], row["share"]) == (alone["stage_guess"], 1.0)
    assert row["confidence"] == pytest.approx(alone["stage_confidence"], abs=1e-4)


def test_records_are_placed_unplaced_or_without_text(place: Workspace, store: Warehouse) -> None:
    understood(
        place, store,
        said("a", BILL), said("b", UNCLEAR), said("c", score=3, score_worst=0, score_best=10), said("d", given_stage="pay"),
        said("e", "Alles gut, vielen Dank dafür.", language="de"), said("f", "Worst company ever. Absolutely terrible company."), said("g", is_deleted=True),
    )  # fmt: skip
    (counts,) = select(
        store,
        "select count(*) as records, count(*) filter (where stage is not null) as placed, "
        "count(*) filter (where stage is null and text is not null) as unplaced, count(*) filter (where stage is null and text is null) as silent "
        "from tagging.tagged_records",
    )
    assert counts == {"records": 6, "placed": 3, "unplaced": 2, "silent": 1}


STANCES = [
    (6, 0, 10, "trouble"), (7, 0, 10, "in between"), (8, 0, 10, "in between"), (9, 0, 10, "great"), (3, 10, 0, "in between"), (1, 10, 0, "great"),
    (4, 10, 0, "trouble"), (6, 1, 10, "trouble"), (7, 1, 10, "in between"), (9, 1, 10, "great"),
    (2, 1, 5, "trouble"), (3, 1, 5, "in between"), (4, 1, 5, "great"), (2, 5, 1, "great"), (4, 5, 1, "trouble"),
    (0, 0, 1, "trouble"), (1, 0, 1, "great"), (37, 0, 100, "trouble"), (50, 0, 100, "in between"), (63, 0, 100, "great"), (3, 3, 3, None),
]  # fmt: skip


def test_a_score_decides_the_stance_by_its_scale(place: Workspace, store: Warehouse) -> None:
    understood(place, store, *(said(str(case), score=case[0], score_worst=case[1], score_best=case[2]) for case in STANCES))
    found = {row["record_id"]: row["stance"] for row in select(store, "select record_id, stance from tagging.tagged_records")}
    assert found == {str(case): case[3] for case in STANCES}


def test_a_score_goes_before_the_words(place: Workspace, store: Warehouse) -> None:
    understood(place, store, said("a", "Horrible, awful, disgusting.", score=10, score_worst=0, score_best=10), said("b", "Horrible, awful, disgusting."))
    assert [the(store, "tagging.tagged_records", name)["stance"] for name in "ab"] == ["great", "trouble"]


def test_a_model_says_what_it_was_fitted_on(fitted: Path) -> None:
    facts = classifier.load(fitted).facts
    assert facts["labels"] > 1000
    assert json.loads((fitted / "current.json").read_text(encoding="utf-8")) == {"stage": classifier.load(fitted).version}
