"""What people speak of, by word lists that a company can edit: takes words.yaml, gives patterns that a text holds or not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from listening.workspace import Mend, Workspace

FILE = "words.yaml"
NEGATIONS = r"(?:not|never|no|nothing|nobody|hardly|without|cannot|[a-z]+n['’]t)"
BETWEEN = r"\s+(?:[\w'’]+\s+){0,2}"  # how far a negation reaches
Phrase = Annotated[str, Field(pattern=r"\w")]
Phrases = Annotated[list[Phrase], Field(min_length=1)]


class Words(BaseModel):
    """The word lists, each by what they tell of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    achievement: Phrases
    connection: Phrases
    transformation: Phrases
    waiting: Phrases
    price: Phrases
    switching: Phrases
    singular: Phrases
    pride: Phrases
    difference: Phrases
    detachment: Phrases
    time_promises: Phrases

    def patterns(self, name: str) -> dict[str, str]:
        """How a text is looked through for a list: `pattern`, and `negated` for its phrases after a negation."""
        said = rf"\b(?:{'|'.join(map(_pattern, getattr(self, name)))})\b"
        return {"pattern": f"(?i){said}", "negated": rf"(?i)\b{NEGATIONS}{BETWEEN}{said}"}

    def promises_time(self, measure: str) -> bool:
        """Whether an operational measure's name says that it promises a time."""
        return any(phrase.lower() in measure.lower() for phrase in self.time_promises)


def read(workspace: Workspace) -> Words:
    """The lists of the company's words.yaml, and for what it leaves out those that come with the program.

    Raises:
        Mend: the file cannot be used.
    """
    shipped = yaml.safe_load(Path(__file__).with_name(FILE).read_text(encoding="utf-8"))
    path = workspace.root / FILE
    if not path.exists():
        return Words.model_validate(shipped)
    try:
        own = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        return Words.model_validate(shipped | own)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError) as error:
        raise Mend(f"{path} cannot be read as lists of words ({type(error).__name__}). It holds lines such as 'pride: [proud, love my job]'.") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise Mend(f"{path}: {' → '.join(map(str, first['loc'])) or 'the file as a whole'}: {first['msg']}.") from None


def _pattern(phrase: str) -> str:
    words = [re.escape(word).replace(r"\*", r"\w*").replace("'", "['’]") for word in phrase.split()]
    return r"\s+".join(words)
