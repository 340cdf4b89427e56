"""The nearest labelled clips, looked up in a store of raw vectors, as the votes need them: by centred vectors.

A vote goes by the cosine of vectors from which the centre of the labelled clips is taken, (x-c)·q / |x-c| for a centred
query q. The store holds x as it is, for every model, and is asked for the highest x·q, which differs from that by a
constant and by the division alone; of twice as many as are needed, those that are nearest by the cosine are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from smf_embed.clips import TEXT_FIELDS
from smf_embed.encoded_clips import EncodedClips
from smf_embed.neighbour_stores import ClipFilter, NeighbourStore
from smf_embed.votes import OpenVoteSearch

_COMPARED = 2  # times as many texts are found as clips are asked for: see docs/decisions.md
_CHUNK = 64  # queries whose candidates are compared at once; bounds the memory
_NOT_THERE = -1.0


class StoreSearch:
    """The labelled clips of one field in a store; see `smf_embed.votes.VoteSearch`.

    Parameters
    ----------
    store : NeighbourStore
    keys : ndarray of int64, shape (n,)
        The vector of each labelled clip in the store.
    vectors : ndarray, shape (n, dimension), float32
        The same, centred, of unit length.
    """

    def __init__(self, store: NeighbourStore, keys: np.ndarray, vectors: np.ndarray) -> None:
        self._store = store
        self._vectors = vectors
        # clips of one text stand together
        self._rows = np.argsort(keys, kind="stable")
        self._keys, self._first, self._count = np.unique(keys[self._rows], return_index=True, return_counts=True)

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the similarity of the k nearest clips, nearest first, and their rows, -1 where fewer are found.

        Parameters
        ----------
        queries : ndarray, shape (n, dimension), float32
            Centred, of unit length.
        k : int

        Returns
        -------
        similarity : ndarray of float32, shape (n, k)
        rows : ndarray of int64, shape (n, k)
        """
        similarity = np.full((len(queries), k), _NOT_THERE, dtype=np.float32)
        rows = np.full((len(queries), k), -1, dtype=np.int64)
        if not len(self._keys) or not k:
            return similarity, rows
        found, _ = self._store.search(queries, _COMPARED * k, ClipFilter(labelled=True))
        # texts whose clips have lost their label since the store was pushed to are passed over
        text = np.minimum(np.searchsorted(self._keys, found), len(self._keys) - 1)
        text[self._keys[text] != found] = -1
        for start in range(0, len(queries), _CHUNK):
            part = slice(start, start + _CHUNK)
            similarity[part], rows[part] = self._nearest(queries[part], text[part], k)
        return similarity, rows

    def _nearest(self, queries: np.ndarray, text: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return similarity and rows of the k nearest clips of some candidate texts, -1 where there is none."""
        similar = np.einsum("md,mkd->mk", queries, self._vectors[self._rows[self._first[text]]])
        similar[text < 0] = -np.inf
        order = np.argsort(-similar, axis=1, kind="stable")[:, :k]
        text, similar = np.take_along_axis(text, order, axis=1), np.take_along_axis(similar, order, axis=1)
        # each text stands for all its clips, and the first k of those are taken
        ends = np.cumsum(np.where(text < 0, 0, self._count[text]), axis=1)
        at = (ends[:, None, :] <= np.arange(k)[None, :, None]).sum(axis=2)
        there = at < text.shape[1]
        at = np.minimum(at, text.shape[1] - 1)
        of = np.take_along_axis(text, at, axis=1)
        before = np.take_along_axis(ends, at, axis=1) - self._count[of]
        rows = self._rows[np.minimum(self._first[of] + np.arange(k) - before, len(self._rows) - 1)]
        return np.where(there, np.take_along_axis(similar, at, axis=1), _NOT_THERE), np.where(there, rows, -1)


def vote_searches(open_store: Callable[[str], NeighbourStore], labelled: EncodedClips) -> dict[str, OpenVoteSearch]:
    """Return field → what makes a search in the store of the field, for those of the labelled clips that are asked for.

    Parameters
    ----------
    open_store : callable
        Returns what holds the vectors of a field; not called for a field that no clip has a text in.
    labelled : EncodedClips
        Stored clips.
    """

    def open_search(field: str, rows: np.ndarray, vectors: np.ndarray) -> StoreSearch:
        keys = np.array([labelled.clips[row][f"{field}_vector"] for row in rows], dtype=np.int64)
        return StoreSearch(open_store(field), keys, vectors)

    return {field: partial(open_search, field) for field in TEXT_FIELDS}
