"""What tagging is timed against: takes a folder's texts, gives tags by plain scikit-learn, and by the script that an analyst would write.

Both are fitted on the same starter labels; neither does all that the tagger does. `listening bench --tagging` runs them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from listening.journey import Journey
from listening.tagging import sentences, tags, training
from listening.tagging.features import WORD


class Plain:
    """TF-IDF of words and pairs of words, without the pieces of words, and a linear model for each head."""

    def __init__(self, journey: Journey) -> None:
        labels = training.starter_labels(journey)
        texts = [label.text for label in labels]
        truths = {"stage": [label.stage for label in labels], "feeling": [label.feeling for label in labels]}
        truths |= {tag: [label.tags[tag] for label in labels] for tag in tags.CLASSES}
        self._vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=WORD).fit(texts)
        features = self._vectorizer.transform(texts)
        self._heads = {name: LinearSVC(random_state=0).fit(features, np.array(truth, dtype=object)) for name, truth in truths.items()}
        self._scripts: list[Pipeline] = [make_pipeline(self._vectorizer, self._heads[name]) for name in ("stage", "feeling")]
        self._analyzer = SentimentIntensityAnalyzer()

    def scikit_learn(self, texts: Sequence[str]) -> pd.DataFrame:
        """All heads of whole texts and of their sentences, in batches; without a lexicon, touchpoints, or anything beside."""
        parts = [text[start:stop] for text in texts for start, stop in sentences.split(text)]
        features = self._vectorizer.transform([*texts, *parts])
        return pd.DataFrame({name: head.predict(features) for name, head in self._heads.items()})

    def script(self, texts: Sequence[str]) -> pd.DataFrame:
        """Stage and feeling of whole texts, with VADER by `.apply`."""
        frame = pd.DataFrame({"text": texts})
        frame["vader"] = frame["text"].apply(lambda text: self._analyzer.polarity_scores(text)["compound"])
        frame["stage"], frame["feeling"] = (script.predict(frame["text"]) for script in self._scripts)
        return frame
