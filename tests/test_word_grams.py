"""Words and their pairs are counted as scikit-learn's `HashingVectorizer` counts them."""

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import HashingVectorizer

from smf_embed.letter_grams import FEATURES
from smf_embed.other_use import _words
from smf_embed.word_grams import word_grams

_TEXT = st.lists(st.sampled_from(["буба", "lego", "a", "名", "2024", "+", "-"]), max_size=9).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(_TEXT, min_size=1, max_size=5))
def test_words_and_pairs_are_those_of_the_vectorizer(texts: list[str]) -> None:
    vectorizer = HashingVectorizer(
        n_features=FEATURES, alternate_sign=False, norm=None, lowercase=False, ngram_range=(1, 2), token_pattern=r"\w+"
    )
    counts = word_grams(re.findall(r"\w+", text) for text in texts)
    assert counts.dtype == np.float32
    assert (counts != vectorizer.transform(texts)).nnz == 0


def test_words_around_names_are_unit_vectors_and_a_plus_is_a_word() -> None:
    texts = ["lego + буба буба", "", "+"]
    vectorizer = HashingVectorizer(
        n_features=FEATURES,
        alternate_sign=False,
        binary=True,
        lowercase=False,
        ngram_range=(1, 2),
        token_pattern=r"\w+|\+",
    )
    found = _words([text.split() for text in texts])
    np.testing.assert_allclose((found - vectorizer.transform(texts)).toarray(), 0.0, atol=1e-7)


def test_no_texts_are_no_rows() -> None:
    assert word_grams([]).shape == (0, FEATURES)
