"""The purpose grid: takes purpose.yaml and what is spent, gives 5 × 5 cells of how the customer is valued by where the company invests."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from listening.figures import percent
from listening.workspace import Mend, Workspace

FILE = "purpose.yaml"
STEPS = 5
Step = Annotated[int, Field(ge=1, le=STEPS)]
Names = Annotated[list[str], Field(min_length=STEPS, max_length=STEPS)]
BEST, PAYS, OVER, UNDER = "best", "pays", "over-invested", "under-invested"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Declared(_Part):
    """Where the company sees itself."""

    valued: Step
    invests: Step
    day: dt.date | None = None


class Purpose(_Part):
    """The grid's steps, the cells that pay, and what is declared."""

    valued: Names
    invests: Names
    moments: Annotated[list[str | None], Field(min_length=STEPS, max_length=STEPS)]
    pays: Annotated[list[tuple[Step, Step]], Field(min_length=1)]
    best: tuple[Step, Step]
    declared: Declared | None = None

    def cell(self, valued: int, invests: int) -> str:
        """What a cell is; one that does not pay invests more, or less, than the nearest that does for customers so valued."""
        if (valued, invests) == self.best:
            return BEST
        if (valued, invests) in self.pays:
            return PAYS
        paying = [of_step for step, of_step in self.pays if step == valued] or [of_step for _, of_step in self.pays]
        return OVER if invests > min(paying, key=lambda step: abs(step - invests)) else UNDER


def read(workspace: Workspace) -> Purpose:
    """The company's purpose.yaml, or the one that comes with the program.

    Raises:
        Mend: the file cannot be used.
    """
    own = workspace.root / FILE
    path = own if own.exists() else Path(__file__).with_name(FILE)
    try:
        return Purpose.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Mend(f"{path} cannot be read as YAML ({type(error).__name__}).") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise Mend(f"{path}: {' → '.join(map(str, first['loc'])) or 'the file as a whole'}: {first['msg']}.") from None


def laid_out(purpose: Purpose, moments: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of `purpose_grid`, with the newest known share of the money beside each step of investing."""
    known = moments[moments["share_spent"].notna()] if len(moments) else moments
    newest = known[known["period_start"] == known["period_start"].max()] if len(known) else known
    spent = dict(zip(newest["moment"], newest["share_spent"], strict=True)) if len(newest) else {}
    return [_row(purpose, valued, invests, spent.get(purpose.moments[invests - 1])) for valued in range(1, STEPS + 1) for invests in range(1, STEPS + 1)]


def _row(purpose: Purpose, valued: int, invests: int, share: float | None) -> dict[str, Any]:
    cell, own = purpose.cell(valued, invests), purpose.declared
    is_declared = (own.valued, own.invests) == (valued, invests) if own else None
    names = {"valued_name": purpose.valued[valued - 1], "invests_name": purpose.invests[invests - 1]}
    stands = {None: "Where the company sees itself is not known: nothing is declared in purpose.yaml.", True: "The company sees itself here.", False: ""}
    money = f"Evidence beside it: {percent(share)} of the money goes there." if share is not None else "What share of the money goes there is not known."
    said = f"The customer valued as {names['valued_name']}, money spent on ‘{names['invests_name']}’: {cell}."
    return {
        "valued_no": valued, "invests_no": invests, **names, "cell": cell, "is_declared": is_declared, "declared_on": own.day if own and is_declared else None,
        "share_spent": share, "text": " ".join(part for part in (said, stands[is_declared], money) if part),
    }  # fmt: skip
