"""Records: takes landed rows, gives one row per thing said, cleaned, redacted and dated, or a reason why not."""

from listening.records.shaping import OUTCOMES, Shaped, shape

__all__ = ["OUTCOMES", "Shaped", "shape"]
