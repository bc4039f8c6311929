"""Leading by the journey: how mature each stage is, what is believed of it, done about it and spent on it, each beside how customers live it."""

from listening.leading.station import tell

__all__ = ["tell"]
