"""Tagging: takes records, gives each its stage, sentences, themes, feeling and other tags, with confidence, named doubts and versions."""

from listening.tagging import themes
from listening.tagging.learning import Learnt, learn
from listening.tagging.station import Tagged, tag
from listening.tagging.theming import Themed, theme
from listening.tagging.training import fit

__all__ = ["Learnt", "Tagged", "Themed", "fit", "learn", "tag", "theme", "themes"]
