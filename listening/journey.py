"""The customer's journey of one company: takes `journey.yaml`, gives stages, touchpoints, owners and a version."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from listening.workspace import Mend

DEFAULT_STAGES = ("discover", "buy", "onboard", "use", "pay", "support", "renew", "leave")
NO_STAGE = "none"
RESERVED = (NO_STAGE, "all")
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Touchpoint(_Part):
    """A place in a stage where company and customer meet."""

    touchpoint: Word
    name: str | None = None
    owner: str | None = None
    priority: bool = False
    basic: bool = False
    words: list[Word] = Field(default_factory=list)


class Stage(_Part):
    """A stage of the journey; `covers` names the default stages that it is made of."""

    stage: Word
    name: str | None = None
    description: str = ""
    owner: str | None = None
    promise: str | None = None
    covers: list[str] = Field(default_factory=list)
    touchpoints: list[Touchpoint] = Field(default_factory=list)


Share = Annotated[float, Field(ge=0, le=1)]


class Maturity(_Part):
    """What a stage must reach to climb from random to reliable (the first two), differentiated (the next two) and desired (the last)."""

    trouble_at_most: Share = 0.12
    spread_at_most: Share = 0.05
    exceeded_less_below_at_least: Annotated[float, Field(ge=-1, le=1)] = 0.10
    memorable_at_least: Share = 0.08
    recommend_at_least: Share = 0.50


class Journey(_Part):
    """The stages in the customer's order."""

    stages: list[Stage] = Field(min_length=1)
    competitors: list[str] = Field(default_factory=list)
    maturity: Maturity = Field(default_factory=Maturity)

    @property
    def names(self) -> list[str]:
        """The stages' short names in order, without `none`."""
        return [stage.stage for stage in self.stages]

    @property
    def titles(self) -> dict[str, str]:
        """What each stage is called on the page."""
        return {stage.stage: stage.name or stage.stage.replace("_", " ").capitalize() for stage in self.stages}

    @property
    def version(self) -> str:
        """Eight hexadecimal digits that change with any word of the journey that tags may hang on."""
        return hashlib.sha256(json.dumps(self.model_dump(exclude={"maturity"}), sort_keys=True).encode()).hexdigest()[:8]

    @property
    def from_default(self) -> dict[str, str]:
        """Which stage of this journey each default stage has become; defaults that nobody covers are left out."""
        covered = {old: stage.stage for stage in self.stages for old in stage.covers}
        same = {name: name for name in self.names if name in DEFAULT_STAGES and not self._covers(name)}
        return {**same, **covered, NO_STAGE: NO_STAGE}

    @property
    def stage_of_touchpoint(self) -> dict[str, str]:
        """The stage in which each touchpoint stands."""
        return {point.touchpoint: stage.stage for stage in self.stages for point in stage.touchpoints}

    def _covers(self, name: str) -> list[str]:
        return next(stage.covers for stage in self.stages if stage.stage == name)


def read(path: Path) -> Journey:
    """Read a journey.

    Raises:
        Mend: the file is missing, is no YAML, names something twice, or covers what is no default stage.
    """
    try:
        content = _whole(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise Mend(f"{path} is missing: 'listening init {path.parent}' puts the default journey there.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Mend(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
    try:
        journey = Journey.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = " → ".join(str(part) for part in first["loc"]) or "the file as a whole"
        raise Mend(f"{path}: {where}: {first['msg']}. The default journey, data/default-journey.yaml, shows the form.") from None
    if problem := _problem(journey):
        raise Mend(f"{path}: {problem}")
    return journey


def _whole(content: Any) -> Any:
    """The same content without half letters, as cut-off emoji leave them, which no file can hold."""
    if isinstance(content, dict):
        return {_whole(key): _whole(each) for key, each in content.items()}
    if isinstance(content, list):
        return [_whole(each) for each in content]
    if isinstance(content, str):
        return "".join(sign for sign in content if unicodedata.category(sign) != "Cs")
    return content


def _problem(journey: Journey) -> str | None:
    """What is wrong with a journey whose form is right, in a sentence."""
    if reserved := [name for name in journey.names if name in RESERVED]:
        return f"stage '{reserved[0]}' is a reserved word; call it something else."
    if twice := _twice(journey.names):
        return f"stage '{twice}' stands there twice."
    if twice := _twice([point.touchpoint for stage in journey.stages for point in stage.touchpoints]):
        return f"touchpoint '{twice}' stands there twice; a touchpoint belongs to one stage."
    for stage in journey.stages:
        if unknown := [name for name in stage.covers if name not in DEFAULT_STAGES]:
            return f"stage '{stage.stage}' covers '{unknown[0]}', which is no default stage. These are: {', '.join(DEFAULT_STAGES)}."
    own = [name for name in journey.names if name in DEFAULT_STAGES and not journey._covers(name)]
    if twice := _twice([*own, *(name for stage in journey.stages for name in dict.fromkeys(stage.covers))]):
        return f"default stage '{twice}' has become part of two stages; only one can cover it (one of that name covers itself unless it says otherwise)."
    return None


def _twice(names: list[str]) -> str | None:
    return next((name for name in names if names.count(name) > 1), None)
