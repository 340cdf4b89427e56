"""Random forest and linear SVM on TF-IDF."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC

from smf_embed.clips import LABEL, TEXT
from smf_embed.threads import thread_count

from .tables import labelled, objects, texts

_FEWEST_OF_A_CHANNEL = 5


class Forest:
    """Random forest on words and word pairs.

    Parameters
    ----------
    field : {'text', 'reel_name'}
    with_numbers : bool
        Add the channel, the duration and the length of the text.
    trees : int
    """

    def __init__(self, field: str = TEXT, with_numbers: bool = False, trees: int = 100) -> None:
        self.field = field
        self.words = TfidfVectorizer(ngram_range=(1, 2), max_features=50_000)
        self.channels = _channel_columns() if with_numbers else None
        self.forest = RandomForestClassifier(n_estimators=trees, random_state=0, n_jobs=thread_count())

    def fit(self, train: pd.DataFrame) -> None:
        """Learn words and trees."""
        train = labelled(train)
        columns = self.words.fit_transform(texts(train, self.field))
        if self.channels is not None:
            self.channels.fit(_side_columns(train))
        self.forest.fit(self._columns(train, columns), train[LABEL])

    def predict(self, clips: pd.DataFrame) -> np.ndarray:
        """Return what most trees say."""
        return objects(self.forest.predict(self._columns(clips, self.words.transform(texts(clips, self.field)))))

    def _columns(self, clips: pd.DataFrame, words: sp.csr_matrix) -> sp.csr_matrix:
        if self.channels is None:
            return words
        return sp.hstack([words, self.channels.transform(_side_columns(clips))], format="csr")

    def size_in_bytes(self) -> int:
        """Return the trees' nodes and the vocabulary."""
        trees = [estimator.tree_.__getstate__() for estimator in self.forest.estimators_]
        return sum(tree["nodes"].nbytes + tree["values"].nbytes for tree in trees) + _vocabulary_bytes(self.words)


class CharacterSvm:
    """Linear SVM on character n-grams, rare classes weighted up.

    Parameters
    ----------
    field : {'text', 'reel_name'}
    """

    def __init__(self, field: str = TEXT) -> None:
        self.field = field
        self.characters = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2, dtype=np.float32
        )
        self.svm = LinearSVC(C=1.0, class_weight="balanced", random_state=0)

    def fit(self, train: pd.DataFrame) -> None:
        """Learn n-grams and a machine for each class."""
        train = labelled(train)
        self.svm.fit(self.characters.fit_transform(texts(train, self.field)), train[LABEL])

    def predict(self, clips: pd.DataFrame) -> np.ndarray:
        """Return the class of the highest score."""
        return objects(self.svm.predict(self.characters.transform(texts(clips, self.field))))

    def size_in_bytes(self) -> int:
        """Return the weights and the vocabulary."""
        return self.svm.coef_.nbytes + _vocabulary_bytes(self.characters)


def _side_columns(clips: pd.DataFrame) -> pd.DataFrame:
    seconds = pd.to_numeric(clips["seconds"], errors="coerce")
    return pd.DataFrame(
        {
            "channel": clips["yt_channel_id"].fillna("").astype(str).to_numpy(object),
            # a tree can split missing durations off as what is below all others
            "seconds": seconds.fillna(-1.0).to_numpy(float),
            "length": [len(text) for text in texts(clips, TEXT)],
        }
    )


def _channel_columns() -> ColumnTransformer:
    channels = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=_FEWEST_OF_A_CHANNEL)
    return ColumnTransformer([("channel", channels, ["channel"])], remainder="passthrough", sparse_threshold=1.0)


def _vocabulary_bytes(words: TfidfVectorizer) -> int:
    return sum(len(word.encode()) for word in words.vocabulary_) + words.idf_.nbytes
