"""Runs of letters are those of scikit-learn's `char_wb`, whatever the hash; texts do not depend on their neighbours."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from smf_embed import letter_grams as module
from smf_embed.letter_grams import FEATURES, letter_grams
from smf_embed.tfidf import tfidf

_TEXTS = st.lists(st.text(max_size=25), max_size=6)


def runs_of(text: str, shortest: int, longest: int) -> Counter[str]:
    padded = [f" {word} " for word in text.split()]
    return Counter(
        word[start : start + size]
        for word in padded
        for size in range(shortest, longest + 1)
        for start in range(len(word) - size + 1)
    )


def test_the_runs_are_those_of_char_wb() -> None:
    texts = ["буба и лиса", "a fox", "фиксики"]
    counts = CountVectorizer(analyzer="char_wb", ngram_range=(2, 5), lowercase=False)
    counts.fit(texts)
    assert set(counts.vocabulary_) == set().union(*(runs_of(text, 2, 5) for text in texts))
    found = letter_grams(texts, 2, 5)
    np.testing.assert_array_equal(np.asarray(found.sum(axis=1)).ravel(), counts.transform(texts).sum(axis=1).A1)


@settings(max_examples=60, deadline=None)
@given(_TEXTS, st.sampled_from([(1, 1), (2, 5), (3, 4)]))
def test_each_text_has_the_runs_of_its_words(texts: list[str], sizes: tuple[int, int]) -> None:
    counts = letter_grams(texts, *sizes)
    assert counts.shape == (len(texts), FEATURES)
    assert counts.dtype == np.float32
    for row, text in enumerate(texts):
        runs = runs_of(text, *sizes)
        assert counts[row].sum() == sum(runs.values())
        # hashes of so few runs hardly ever meet
        assert counts[row].nnz >= len(runs) - 1
        alone = letter_grams([text], *sizes)
        assert (alone != counts[row]).nnz == 0


def test_runs_that_two_texts_share_have_the_same_hash_and_others_have_not() -> None:
    one, other, unlike = letter_grams(["новая буба", "буба", "лиса"], 2, 5)
    assert set(other.indices) < set(one.indices)
    assert len(set(unlike.indices) & set(one.indices)) <= 1


def test_hashes_are_spread_evenly() -> None:
    random = np.random.default_rng(0)
    words = ["".join(random.choice(list("абвгдежзиклмн"), 8)) for _ in range(20_000)]
    found = np.unique(letter_grams(words, 5, 5).indices)
    runs = len(set().union(*(runs_of(word, 5, 5) for word in words)))
    # so many of the hashes are expected to be met by runs that are dealt at random
    assert len(found) == pytest.approx(FEATURES * (1 - np.exp(-runs / FEATURES)), rel=0.01)


def test_texts_are_worked_on_in_parts(monkeypatch) -> None:
    texts = [f"серия {number}" for number in range(10)] + [""]
    whole = letter_grams(texts, 2, 5)
    monkeypatch.setattr(module, "_TOGETHER", 3)
    assert (letter_grams(texts, 2, 5) != whole).nnz == 0
    assert letter_grams([], 2, 5).shape == (0, FEATURES)


def test_counts_are_weighed_as_scikit_learn_does_and_a_row_of_nothing_stays_zero() -> None:
    counts = letter_grams(["буба и буба", "", "лиса"], 2, 5)
    idf = np.random.default_rng(0).random(FEATURES).astype(np.float32)
    expected = normalize(counts.multiply(idf).tocsr())
    found = tfidf(counts, idf)
    assert abs(found - expected).max() < 1e-6
    assert found[1].nnz == 0
    assert tfidf(counts, np.zeros(FEATURES, dtype=np.float32)).sum() == 0
