"""The journey file: what it means, and what is said when it cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from listening import journey
from listening.workspace import Mend, shipped


def written(folder: Path, text: str) -> Path:
    path = folder / "journey.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, text: str) -> journey.Journey:
    return journey.read(written(folder, text))


def test_the_default_journey_has_the_eight_default_stages() -> None:
    assert tuple(journey.read(shipped("default-journey.yaml")).names) == journey.DEFAULT_STAGES


def test_a_renamed_stage_stands_for_the_default_it_covers(tmp_path: Path) -> None:
    found = read(tmp_path, "stages: [{stage: care, covers: [support]}, {stage: use}]")
    assert found.from_default == {"use": "use", "support": "care", "none": "none"}


def test_a_merged_stage_stands_for_all_that_it_covers(tmp_path: Path) -> None:
    found = read(tmp_path, "stages: [{stage: shop, covers: [discover, buy]}, {stage: pay}]")
    assert found.from_default == {"pay": "pay", "discover": "shop", "buy": "shop", "none": "none"}


def test_a_default_name_may_cover_other_stages_as_well(tmp_path: Path) -> None:
    found = read(tmp_path, "stages: [{stage: buy, covers: [discover, buy]}, {stage: use}]")
    assert found.from_default == {"use": "use", "discover": "buy", "buy": "buy", "none": "none"}


def test_a_stage_without_a_name_is_titled_by_its_short_name(tmp_path: Path) -> None:
    assert read(tmp_path, "stages: [{stage: after_sale, covers: [use]}, {stage: pay, name: The bill}]").titles == {
        "after_sale": "After sale",
        "pay": "The bill",
    }


def test_the_version_changes_with_a_word_and_with_the_order_but_not_with_a_comment(tmp_path: Path) -> None:
    first = read(tmp_path, "stages: [{stage: use}, {stage: pay}]").version
    assert read(tmp_path, "# ours\nstages:\n- stage: use\n- stage: pay\n").version == first
    assert read(tmp_path, "stages: [{stage: pay}, {stage: use}]").version != first
    assert read(tmp_path, "stages: [{stage: use, owner: Ada}, {stage: pay}]").version != first


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("stages: [{stage: use}, {stage: use}]", "stage 'use' stands there twice."),
        ("stages: [{stage: none}]", "stage 'none' is a reserved word; call it something else."),
        ("stages: [{stage: all}]", "stage 'all' is a reserved word; call it something else."),
        ("stages: [{stage: use, touchpoints: [{touchpoint: app}]}, {stage: pay, touchpoints: [{touchpoint: app}]}]", "touchpoint 'app' stands there twice"),
        ("stages: [{stage: life, covers: [usage]}]", "stage 'life' covers 'usage', which is no default stage. These are: discover, buy,"),
        ("stages: [{stage: a, covers: [use]}, {stage: b, covers: [use]}]", "default stage 'use' has become part of two stages"),
        ("stages: [{stage: use}, {stage: b, covers: [use]}]", "default stage 'use' has become part of two stages"),
        ("stages: []", "stages: List should have at least 1 item"),
        ("stages: [{stage: use, ownr: Ada}]", "stages → 0 → ownr: Extra inputs are not permitted."),
        ("stages: [{stage: ' '}]", "stages → 0 → stage: String should have at least 1 character."),
        ("stages: [{stage: use, touchpoints: [{touchpoint: app, words: ['']}]}]", "words → 0: String should have at least 1 character."),
        ("", "the file as a whole: Input should be a valid dictionary"),
        ("stages: [{stage: use", "is not valid YAML"),
    ],
)
def test_what_cannot_be_meant_is_said_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(Mend) as said:
        read(tmp_path, text)
    assert sentence in str(said.value)
    assert str(tmp_path / "journey.yaml") in str(said.value)


def test_a_missing_file_is_said_with_the_way_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(Mend, match="puts the default journey there"):
        journey.read(tmp_path / "journey.yaml")
