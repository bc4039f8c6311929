"""What a lexicon says of the feeling of words: takes sentences, gives VADER's four scores (Hutto and Gilbert 2014), English only.

The lexicon alone takes politeness for praise ("please", "thanks", "hope"); so it is one of the classifier's features
and not the verdict. Its scores carry over to companies that no label speaks of.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# nltk carries the same analyser without its lexicon, and refuses to read one from outside its own data folders
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

SCORES = ("neg", "neu", "pos", "compound")
COMPOUND = 3  # the column of the one score that sums up the others
FEELINGS = ("negative", "neutral", "positive")


@functools.cache
def _analyzer() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def lexicon(sentences: Sequence[str]) -> NDArray[np.float64]:
    """Negative, neutral, positive and compound score of each sentence, sentences × 4."""
    analyzer = _analyzer()
    scores = [analyzer.polarity_scores(sentence) for sentence in sentences]
    return np.array([[score[name] for name in SCORES] for score in scores]).reshape(-1, len(SCORES))
