"""Listening Path: customers' words in, a balanced story of each stage of their journey out."""

__version__ = "0.1.0"
