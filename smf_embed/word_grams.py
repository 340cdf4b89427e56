"""Words and pairs of neighbouring words, counted by their hashes."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from smf_embed.letter_grams import FEATURES


def word_grams(rows: Iterable[Sequence[str]]) -> sp.csr_matrix:
    """Count the words of texts, and their pairs of neighbours.

    Parameters
    ----------
    rows : iterable of sequence of str
        The words of each text.

    Returns
    -------
    csr_matrix, shape (len(rows), 2 ** 18), float32
        Counts; indices of a row are sorted. Those of scikit-learn's `HashingVectorizer`, which for a single text takes
        five times as long.
    """
    # one text after the other: the pairs of all at once would take many times the room of the texts
    grams = ([*words, *map(" ".join, itertools.pairwise(words))] for words in rows)
    first = next(grams, None)
    if first is None:
        return sp.csr_matrix((0, FEATURES), dtype=np.float32)
    counts: sp.csr_matrix = _hasher().transform(itertools.chain([first], grams))
    return counts


@functools.cache
def _hasher() -> Any:
    from sklearn.feature_extraction import FeatureHasher

    return FeatureHasher(FEATURES, input_type="string", alternate_sign=False, dtype=np.float32)
