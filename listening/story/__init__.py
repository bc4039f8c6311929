"""Story: takes the signals, tells of each stage in each period how many spoke, how they live, what changed, in whose words."""

from listening.story.needed import needed
from listening.story.station import tell

__all__ = ["needed", "tell"]
