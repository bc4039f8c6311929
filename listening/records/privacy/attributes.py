"""Columns beside the text: takes a row's other cells, gives those that tell nothing of a person, redacted."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

from listening.records.cleaning import hidden_removed
from listening.records.privacy.redaction import redact

_PRIVATE = re.compile(
    r"ipaddr|^ip$|latitude|longitude|^(?:lat|lng|lon|geo\w*)$|e?mail|phone|telefon|^tel$|mobile|^fax$|^handy$|"
    r"(?:first|last|full|given|family|middle|sur|nick|user|display|screen|customer|client|contact|author|reviewer|requester|recipient|sender|submitter|"
    r"agent|assignee|advisor|employee|staff|respondent)name|^name$|^vorname$|^nachname$|^(?:author|reviewer|nickname)$|"
    r"street|address|adresse|postcode|postalcode|^zip|birth|^dob$|^ssn$|passport|iban|cardnumber|useragent|password|token|secret|"
    r"^(?:assignee|submitter|agent|advisor|collaborator|follower|emailcc)s?(?:id|ids)?$"
)
_PLAIN = re.compile(  # most cells: words, a number, a moment
    r"[^0-9@]*|[-+]?[0-9]{1,6}(?:[.,][0-9]{1,6})?|(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](?:[T ][0-9]{2}:[0-9]{2}[0-9:.]{0,12}(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_LOADERS = ("_fivetran", "_airbyte", "_dlt", "_sdc")
_BOOKKEEPING = frozenset({"generated_timestamp"})  # changes with every export and says nothing


def kept_attributes(cells: dict[str, Any]) -> dict[str, str | int | float | bool]:
    """What is kept beside the canonical columns: named values, redacted, without what tells who or where a person is."""
    kept: dict[str, str | int | float | bool] = {}
    for key, cell in _public(cells).items():
        kept[key] = cell if isinstance(cell, str | int | float | bool) else json.dumps(cell, ensure_ascii=False, default=str)
    telling = [key for key, cell in kept.items() if isinstance(cell, str) and not _PLAIN.fullmatch(cell)]
    for key, redacted in zip(telling, redact([str(kept[key]) for key in telling]), strict=True):
        kept[key] = redacted or ""
    return kept


def _public(cell: Any) -> Any:
    """A cell without private keys, empty values and hidden characters, at any depth."""
    if isinstance(cell, dict):
        named = {hidden_removed(str(key)): _public(each) for key, each in cell.items() if _is_public(str(key))}
        return {key: each for key, each in named.items() if each is not None and each not in ("", [], {})}
    if isinstance(cell, list):
        return [_public(each) for each in cell]
    if isinstance(cell, float) and (cell != cell or abs(cell) == float("inf")):
        return None
    return hidden_removed(cell) if isinstance(cell, str) else cell


@functools.lru_cache(maxsize=10_000)
def _is_public(key: str) -> bool:
    is_bookkeeping = key in _BOOKKEEPING or key.startswith(_LOADERS)
    return not is_bookkeeping and not _PRIVATE.search(re.sub(r"[^a-z0-9]", "", key.lower()))
