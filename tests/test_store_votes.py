"""Labelled clips that are looked up in a store of raw vectors are those that a search of centred vectors finds."""

import numpy as np
import pytest

from smf_embed.neighbour_stores import ClipFilter
from smf_embed.store_votes import StoreSearch
from smf_embed.votes import NEIGHBOURS, FieldVotes


class Store:
    """The raw vectors of texts by key, compared one by one; of some keys nothing is known."""

    def __init__(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        self.keys, self._vectors = keys, vectors
        self.asked: list[ClipFilter | None] = []

    def search(self, queries, k, where=None):
        self.asked.append(where)
        similar = queries @ self._vectors.T
        order = np.argsort(-similar, axis=1)[:, :k]
        keys = np.full((len(queries), k), -1, dtype=np.int64)
        keys[:, : order.shape[1]] = self.keys[order]
        return keys, similar


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(("texts", "off_centre"), [(400, 0.0), (400, 0.3), (30, 0.3), (1, 0.0)])
def test_nearest_clips_are_those_of_a_search_of_centred_vectors(texts, off_centre):
    rng = np.random.default_rng(0)
    distinct = unit(rng.normal(size=(texts, 32)) + off_centre)
    of = np.concatenate([np.arange(texts), rng.integers(0, texts, 200), np.zeros(150, dtype=int)])  # one text of many
    keys = 10 * of + 5
    nobody = np.zeros(len(of), dtype=int)
    store = Store(10 * np.arange(texts) + 5, distinct)
    plain = FieldVotes(distinct[of], nobody, nobody, 2)
    through = FieldVotes(
        distinct[of],
        nobody,
        nobody,
        2,
        plain.centre,
        plain.temperature,
        lambda rows, vectors: StoreSearch(store, keys[rows], vectors),
    )
    queries = unit(rng.normal(size=(150, 32)) + off_centre)
    expected, _ = plain.nearest(queries)
    similarity, rows = through.nearest(queries)
    assert similarity.shape == (150, min(NEIGHBOURS, len(of)))
    np.testing.assert_allclose(similarity, expected, atol=1e-5)
    # each clip once, and as similar as it is said to be
    assert all(len(set(row)) == len(row) for row in rows.tolist())
    centred = unit(queries - plain.centre)
    own = unit(distinct[of] - plain.centre)[rows]
    np.testing.assert_allclose(np.einsum("md,mkd->mk", centred, own), similarity, atol=1e-5)
    assert store.asked == [ClipFilter(labelled=True)]
    plain_signals, signals = plain.ask(queries, np.full(150, -1)), through.ask(queries, np.full(150, -1))
    for count, votes in plain_signals.votes.items():
        np.testing.assert_allclose(signals.votes[count], votes, atol=1e-4)


def test_texts_that_are_not_known_are_passed_over_and_what_is_missing_has_no_vote():
    vectors = unit(np.random.default_rng(0).normal(size=(100, 16)))
    projects = np.arange(100) % 3
    store = Store(np.arange(100) + 50, vectors)  # half of what it knows are other texts
    votes = FieldVotes(
        vectors,
        projects,
        np.arange(100),
        3,
        open_search=lambda rows, centred: StoreSearch(store, np.arange(100)[rows], centred),
        temperature=0.1,
    )
    similarity, rows = votes.nearest(vectors[:20])
    assert set(rows.ravel().tolist()) - {-1} <= set(range(50, 100))
    assert (similarity[rows < 0] == -1).all()
    assert (rows < 0).any()
    signals = votes.ask(vectors[:20], np.full(20, -1))
    for count in signals.votes:
        np.testing.assert_allclose(signals.votes[count].sum(axis=1), 1, atol=1e-5)
    known_nothing = FieldVotes(
        vectors,
        projects,
        np.arange(100),
        3,
        open_search=lambda rows, centred: StoreSearch(Store(np.arange(100) + 500, vectors), rows, centred),
        temperature=0.1,
    )
    signals = known_nothing.ask(vectors[:5], np.full(5, -1))
    assert all((votes == 0).all() for votes in signals.votes.values())
    assert (signals.nearest[:, 0] == -1).all()
