"""People read what customers said: draws words for a sheet, brings the filled sheet back, and says what the labels so far unlock."""

from listening.labelling.station import EXAMINED_FROM, UNLOCKED, Brought, Sheet, Stand, bring, sample, standing

__all__ = ["EXAMINED_FROM", "UNLOCKED", "Brought", "Sheet", "Stand", "bring", "sample", "standing"]
