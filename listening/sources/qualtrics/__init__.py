"""Qualtrics: takes a survey and a token, gives its responses as they stand, by exports that Qualtrics prepares as files."""

from listening.sources.qualtrics.stream import CONNECTOR

__all__ = ["CONNECTOR"]
