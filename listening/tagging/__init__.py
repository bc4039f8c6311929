"""Tagging: takes records, gives each its stage, sentences and sentiment, with confidence, named doubts and versions."""

from listening.tagging.station import Tagged, tag
from listening.tagging.training import fit

__all__ = ["Tagged", "fit", "tag"]
