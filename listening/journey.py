"""The customer's journey of one company: takes `journey.yaml`, gives stages, touchpoints, owners and a version."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from listening.workspace import Mend

DEFAULT_STAGES = ("discover", "buy", "onboard", "use", "pay", "support", "renew", "leave")
NO_STAGE = "none"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Touchpoint(_Part):
    """A place in a stage where company and customer meet."""

    touchpoint: str
    name: str | None = None
    owner: str | None = None
    priority: bool = False
    basic: bool = False
    words: list[str] = Field(default_factory=list)


class Stage(_Part):
    """A stage of the journey; `covers` names the default stages that it is made of."""

    stage: str
    name: str | None = None
    description: str = ""
    owner: str | None = None
    promise: str | None = None
    covers: list[str] = Field(default_factory=list)
    touchpoints: list[Touchpoint] = Field(default_factory=list)


class Journey(_Part):
    """The stages in the customer's order."""

    stages: list[Stage] = Field(min_length=1)
    competitors: list[str] = Field(default_factory=list)

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
        """Eight hexadecimal digits that change with any word of the journey."""
        return hashlib.sha256(json.dumps(self.model_dump(), sort_keys=True).encode()).hexdigest()[:8]

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
        Mend: the file is missing, is no YAML, or names something twice.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Mend(f"{path} is missing: 'listening init {path.parent}' puts the default journey there.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Mend(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
    try:
        journey = Journey.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = " → ".join(str(part) for part in first["loc"])
        raise Mend(f"{path}: {where}: {first['msg']}. The default journey shows the form: {path.name} in 'data/'.") from None
    twice = [name for name in set(journey.names) if journey.names.count(name) > 1]
    if twice or NO_STAGE in journey.names:
        raise Mend(f"{path}: stage '{(twice or [NO_STAGE])[0]}' " + ("stands there twice." if twice else "is a reserved word."))
    return journey
