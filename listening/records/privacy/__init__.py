"""Private matters: takes texts and cells, gives them without what tells who or where a person is, or opens their door.

Arrow's RE2 proposes over a whole column, kind by kind; a library, a check digit or the words around it confirm only what was
proposed, so that a price of 1,250.00, a date or version 10.0.1 is left as it is. Names are not found. Redaction lowers what is
exposed; it does not make a text anonymous.
"""

from listening.records.privacy.attributes import kept_attributes
from listening.records.privacy.contacts import EMAIL
from listening.records.privacy.redaction import placeholders, redact

__all__ = ["EMAIL", "kept_attributes", "placeholders", "redact"]
