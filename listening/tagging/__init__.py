"""Tagging: takes records, gives each its stage, sentences, themes, feeling and other tags, with confidence, named doubts and versions."""

from listening.tagging import themes
from listening.tagging.classifier import load
from listening.tagging.learning import Learnt, learn
from listening.tagging.plain import Plain
from listening.tagging.station import CHUNK, Tagged, ready, tag, tag_tables
from listening.tagging.tagger import Tagger
from listening.tagging.theming import Themed, theme
from listening.tagging.training import fit

__all__ = ["CHUNK", "Learnt", "Plain", "Tagged", "Tagger", "Themed", "fit", "learn", "load", "ready", "tag", "tag_tables", "theme", "themes"]
