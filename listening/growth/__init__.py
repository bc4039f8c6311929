"""Growth: customers gained and lost and what goes with it, what to mend first, and whom to call back."""

from listening.growth.station import tell

__all__ = ["tell"]
