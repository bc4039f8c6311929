"""Tagging: takes records, gives each its stage, sentences, themes, feeling and other tags, with confidence, named doubts and versions."""

from listening.tagging import themes
from listening.tagging.classifier import load
from listening.tagging.learning import Learnt, learn
from listening.tagging.parts import Part, Workers, tag_part
from listening.tagging.plain import Plain
from listening.tagging.pool import cores
from listening.tagging.station import CHUNK, Tagged, ready, tag, tag_tables
from listening.tagging.tagger import Tagger
from listening.tagging.theming import Themed, theme
from listening.tagging.training import fit

__all__ = [
    "CHUNK", "Learnt", "Part", "Plain", "Tagged", "Tagger", "Themed", "Workers", "cores",
    "fit", "learn", "load", "ready", "tag", "tag_part", "tag_tables", "theme", "themes",
]  # fmt: skip
