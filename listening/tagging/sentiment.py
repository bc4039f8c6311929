"""The feeling of words: takes sentences, gives −1 … 1 from the VADER lexicon (Hutto and Gilbert 2014), English only."""

from __future__ import annotations

import functools
from collections.abc import Sequence

# nltk carries the same analyser without its lexicon, and refuses to read one from outside its own data folders
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer


@functools.cache
def _analyzer() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def score(sentences: Sequence[str]) -> list[float]:
    """VADER's compound score of each sentence."""
    analyzer = _analyzer()
    return [float(analyzer.polarity_scores(sentence)["compound"]) for sentence in sentences]
