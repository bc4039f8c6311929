"""Records: takes landed rows, gives one row per thing said, cleaned, redacted and dated, or a reason why not."""

from listening.records.happened import shape as shape_facts
from listening.records.shaping import OUTCOMES, Shaped, shape

__all__ = ["OUTCOMES", "Shaped", "shape", "shape_facts"]
