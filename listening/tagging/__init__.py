"""Tagging: takes records, gives each its stage, sentences, feeling and other tags, with confidence, named doubts and versions."""

from listening.tagging.learning import Learnt, learn
from listening.tagging.plain import Plain
from listening.tagging.pool import tag as tag_tables
from listening.tagging.station import CHUNK, Tagged, ready, tag
from listening.tagging.tagger import Tagger
from listening.tagging.training import fit

__all__ = ["CHUNK", "Learnt", "Plain", "Tagged", "Tagger", "fit", "learn", "ready", "tag", "tag_tables"]
