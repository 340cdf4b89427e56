"""An index of vectors by key on FAISS, of any kind; it knows nothing of a catalogue."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smf_embed.errors import InputError
from smf_embed.index_kinds import FLAT, bytes_needed, check_kind, fitting_kind, lists_of
from smf_embed.threads import thread_count

#: Recall at 10 that approximate kinds are tuned for.
TARGET_RECALL = 0.98

# vectors that are trained on; more change little
_TRAINED_PER_LIST, _TRAINED_LEAST = 64, 16_384
_TOMBSTONE_SHARE = 0.1
# an approximate index answers a filter that leaves no more than these by comparing them all: 23 ms to read 5,000
# vectors of 512 dimensions, and both graph and lists lose recall where few of their neighbours are let through
_COMPARED_ALL = 5_000
# the half of 30,000 clustered vectors on one side of a plane: recall of HNSW32 0.995, and 0.87 with 1 here
_WIDER_FOR_FILTERS = 4
_NEIGHBOURS = 10
_SAMPLE = 256
_LARGEST_KEY = np.iinfo(np.int64).max


def _faiss() -> Any:
    import faiss

    faiss.omp_set_num_threads(thread_count())
    return faiss


class VectorIndex:
    """Vectors by key, in memory; made by `build` or `read`.

    Attributes
    ----------
    kind : str
        What was asked for; see `built_as`.
    recall : float or None
        Recall at 10 of a sample that was not in the index yet, measured when it was built; None when it was read.
    """

    recall: float | None = None

    def __init__(self, kind: str, index: Any) -> None:
        self.kind = kind
        self._index = index
        self._keys: np.ndarray | None = None

    @classmethod
    def build(cls, kind: str, keys: np.ndarray, vectors: np.ndarray) -> VectorIndex:
        """Train an index on a fixed sample, tune it to a recall of 0.98 on another, and fill it.

        Parameters
        ----------
        kind : str
            Where there are too few vectors for it, see `fitting_kind`.
        keys : ndarray of int64, shape (n,)
            Distinct and not negative.
        vectors : ndarray, shape (n, dimension), float32
            Unit length.

        Raises
        ------
        InputError
            See `check_kind`.
        """
        faiss = _faiss()
        name = fitting_kind(check_kind(kind), len(keys))
        # lists keep the keys themselves; the others number their vectors from 0
        factory = name if lists_of(name) else f"IDMap,{name}"
        index = faiss.index_factory(vectors.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
        if not index.is_trained:
            most = max(_TRAINED_LEAST, _TRAINED_PER_LIST * lists_of(name))
            rows = np.random.default_rng(0).permutation(len(vectors))[:most]
            index.train(np.ascontiguousarray(vectors[np.sort(rows)], dtype=np.float32))
        made = cls(kind, index)
        if name == FLAT:
            made.add(keys, vectors)
            made.recall = 1.0
            return made
        # a vector of the graph is linked to its neighbours: only those that are not in it are asked like new ones
        sample = Sample.of(vectors)
        made.add(keys[sample.others], vectors[sample.others])
        made.recall = made._tune(sample, keys[sample.others])
        made.add(keys[sample.rows], vectors[sample.rows])
        return made

    @classmethod
    def read(cls, path: Path, kind: str) -> VectorIndex:
        """Read what `write` wrote.

        FAISS believes the sizes in a file: check a digest of it first.

        Raises
        ------
        InputError
            The file is no index, or not of this kind.
        """
        faiss = _faiss()
        try:
            made = cls(check_kind(kind), faiss.read_index(str(path)))
        except RuntimeError as error:
            raise InputError(f"{path}: is no index of FAISS, or torn") from error
        core, inner = made._core, faiss.METRIC_INNER_PRODUCT
        alike = (
            isinstance(core, faiss.IndexFlat)
            or (isinstance(core, faiss.IndexIVF) and 0 < core.nlist <= lists_of(kind))
            or (isinstance(core, faiss.IndexHNSW) and kind.startswith("HNSW"))
            or (isinstance(core, faiss.IndexScalarQuantizer) and kind.startswith("SQ"))
        )
        if not alike or core.metric_type != inner or (core is made._index) != isinstance(core, faiss.IndexIVF):
            raise InputError(f"{path}: is no index of the kind {kind}")
        return made

    def write(self, path: Path) -> None:
        """Write the index, tombstones and tuning with it.

        Raises
        ------
        OSError
            It cannot be written.
        """
        try:
            _faiss().write_index(self._index, str(path))
        except RuntimeError as error:  # what FAISS makes of a full disk, with the place in its source
            raise OSError(errno.EIO, "the index cannot be written; is the disk full?", str(path)) from error

    def __len__(self) -> int:
        return len(self.keys)

    def __repr__(self) -> str:
        made = "" if self.built_as == self.kind else f" made as {self.built_as}"
        return f"VectorIndex({self.kind!r}{made}, {len(self)} vectors, {self.nbytes / 2**20:.0f} MB)"

    @property
    def keys(self) -> np.ndarray:
        """The keys of all vectors that were not removed, int64, sorted."""
        if self._keys is None:
            faiss = _faiss()
            if self._core is self._index:
                lists = self._index.invlists
                parts = [
                    faiss.rev_swig_ptr(lists.get_ids(number), lists.list_size(number)).copy()
                    for number in range(lists.nlist)
                    if lists.list_size(number)
                ]
                keys = np.concatenate([*parts, np.empty(0, dtype=np.int64)])
            else:
                keys = faiss.vector_to_array(self._index.id_map)
            self._keys = np.sort(keys[keys >= 0])
        return self._keys

    @property
    def built_as(self) -> str:
        """What the index is, which is less than `kind` where there were too few vectors for it."""
        if isinstance(self._core, _faiss().IndexFlat):
            return FLAT
        lists = lists_of(self.kind)
        return self.kind.replace(f"IVF{lists},", f"IVF{self._core.nlist},") if lists else self.kind

    @property
    def nbytes(self) -> int:
        """Memory of the index in bytes, tombstones among it."""
        return bytes_needed(self.built_as, self._index.ntotal, self._index.d)

    @property
    def needs_rebuild(self) -> bool:
        """Tell whether a tenth are tombstones, or there are twice the vectors that a larger index needs."""
        if self._index.ntotal - len(self) > _TOMBSTONE_SHARE * self._index.ntotal:
            return True
        halved = fitting_kind(self.kind, len(self) // 2)
        return halved != FLAT and (self.built_as == FLAT or lists_of(halved) > lists_of(self.built_as))

    def add(self, keys: np.ndarray, vectors: np.ndarray) -> None:
        """Add vectors.

        Parameters
        ----------
        keys : ndarray of int64, shape (n,)
            Distinct, not negative, and none of them in the index.
        vectors : ndarray, shape (n, dimension), float32
            Unit length.
        """
        keys = np.ascontiguousarray(keys, dtype=np.int64)
        if len(np.unique(keys)) < len(keys) or (keys < 0).any() or np.isin(keys, self.keys).any():
            raise ValueError("keys are added once each, and none is negative")
        if len(keys):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), keys)
            self._keys = None

    def remove(self, keys: np.ndarray) -> None:
        """Remove vectors; keys that are not in the index are passed over."""
        faiss = _faiss()
        keys = np.intersect1d(keys, self.keys)
        if not len(keys):
            return
        if isinstance(self._core, faiss.IndexHNSW):
            # a graph would fall apart without them: they stay, under a key that no search lets through
            ids = faiss.vector_to_array(self._index.id_map)
            ids[np.isin(ids, keys)] = -1
            faiss.copy_array_to_vector(ids, self._index.id_map)
        else:
            self._index.remove_ids(keys)
        self._keys = None

    def search(
        self,
        vectors: np.ndarray,
        k: int,
        among: np.ndarray | None = None,
        fetch: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest vectors.

        Parameters
        ----------
        vectors : ndarray, shape (n, dimension), float32
        k : int
        among : ndarray of int64, optional
            Only these keys are found.
        fetch : callable, optional
            Returns the vectors of some keys, float32, shape (len(keys), dimension). An approximate index that has it
            answers exactly where `among` leaves few.

        Returns
        -------
        keys : ndarray of int64, shape (n, k)
            Nearest first; -1 where there are fewer than k.
        similarity : ndarray of float32, shape (n, k)
            Inner products, of the rounded vectors where the kind rounds them; NaN where there are fewer than k.
        """
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        keys = np.full((len(vectors), k), -1, dtype=np.int64)
        similarity = np.full((len(vectors), k), np.nan, dtype=np.float32)
        if among is not None:
            among = np.intersect1d(among, self.keys)
        count = len(self) if among is None else len(among)
        wanted = min(k, count)
        if not wanted or not len(vectors):
            return keys, similarity
        if among is not None and fetch and self._most_effort() and count <= _COMPARED_ALL:
            similar, rows = _faiss().knn(vectors, fetch(among), wanted, metric=_faiss().METRIC_INNER_PRODUCT)
            keys[:, :wanted], similarity[:, :wanted] = among[rows], similar
            return keys, similarity
        most = self._most_effort()
        # where one in ten is let through, ten times as many must be looked at to see as many of them, and more where
        # the filter goes with the place, as projects and languages do
        wider = (1 if among is None else _WIDER_FOR_FILTERS) * self._index.ntotal / count
        effort = min(most, math.ceil(self._effort() * wider))
        rows = np.arange(len(vectors))
        while len(rows):
            found = self._index.search(vectors[rows], wanted, params=self._parameters(among, effort))
            similarity[rows, :wanted], keys[rows, :wanted] = found
            # there are as many as wanted, so those rows were not looked at far enough
            rows = rows[(found[1] < 0).any(axis=1)] if effort < most else rows[:0]
            effort = min(most, effort * 4)
        similarity[keys < 0] = np.nan
        return keys, similarity

    @property
    def _core(self) -> Any:
        faiss = _faiss()
        return faiss.downcast_index(self._index.index) if isinstance(self._index, faiss.IndexIDMap) else self._index

    def _parameters(self, among: np.ndarray | None, effort: int) -> Any:
        faiss = _faiss()
        tombstones = self._index.ntotal > len(self)
        selector = None
        if among is not None:
            selector = faiss.IDSelectorBatch(among)
        elif tombstones:
            selector = faiss.IDSelectorRange(0, _LARGEST_KEY)
        if isinstance(self._core, faiss.IndexIVF):
            return faiss.SearchParametersIVF(sel=selector, nprobe=effort)
        if isinstance(self._core, faiss.IndexHNSW):
            return faiss.SearchParametersHNSW(sel=selector, efSearch=effort)
        # without parameters FAISS multiplies matrices, with them it goes vector by vector
        return faiss.SearchParameters(sel=selector) if selector else None

    def _effort(self) -> int:
        """Return how many lists, or candidates in the graph, a search looks at; 0 for one that looks at all."""
        faiss = _faiss()
        core = self._core
        if isinstance(core, faiss.IndexIVF):
            return int(core.nprobe)
        return int(core.hnsw.efSearch) if isinstance(core, faiss.IndexHNSW) else 0

    def _most_effort(self) -> int:
        faiss = _faiss()
        core = self._core
        if isinstance(core, faiss.IndexIVF):
            return int(core.nlist)
        return int(core.ntotal) if isinstance(core, faiss.IndexHNSW) else 0

    def _tune(self, sample: Sample, keys: np.ndarray) -> float:
        """Set the least effort that reaches the target, or where twice of it gains next to nothing; return the recall.

        `keys` are those of the vectors that are not in the sample.
        """
        core, most = self._core, self._most_effort()
        if not most:
            return sample.recall(self, keys)
        graph = isinstance(core, _faiss().IndexHNSW)
        # 1, 2, 3, 4, 6, 8, 12, …
        steps = sorted({1, *(2**step for step in range(1, 25)), *(3 * 2**step for step in range(24))})
        recalls: list[float] = []
        for effort in [min(step, most) for step in steps if step >= (16 if graph else 1)]:
            if graph:
                core.hnsw.efSearch = effort
            else:
                core.nprobe = effort
            recalls.append(sample.recall(self, keys))
            stalled = len(recalls) > 4 and recalls[-1] - recalls[-3] < 0.001
            if recalls[-1] >= TARGET_RECALL or stalled or effort == most:
                break
        return recalls[-1]


@dataclass(frozen=True)
class Sample:
    """Some vectors, to be left out of an index, whose true neighbours among the others are known.

    Attributes
    ----------
    rows, others : ndarray of int64
        Which vectors are of the sample, and which are not; sorted.
    vectors : ndarray, shape (n, dimension), float32
        All of them.
    reached : ndarray of float32, shape (len(rows),)
        Similarity of the tenth neighbour.
    """

    rows: np.ndarray
    others: np.ndarray
    vectors: np.ndarray
    reached: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray) -> Sample:
        """Draw the same sample for the same vectors, a thousand of them at least."""
        faiss = _faiss()
        order = np.random.default_rng(1).permutation(len(vectors))
        rows, others = np.sort(order[:_SAMPLE]), np.sort(order[_SAMPLE:])
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        # all are compared, and at worst the whole sample comes before the tenth of the others
        similar, places = faiss.knn(vectors[rows], vectors, _SAMPLE + _NEIGHBOURS, metric=faiss.METRIC_INNER_PRODUCT)
        similar[np.isin(places, rows)] = -np.inf
        return cls(rows, others, vectors, -np.sort(-similar, axis=1)[:, _NEIGHBOURS - 1])

    def recall(self, index: VectorIndex, keys: np.ndarray) -> float:
        """Return the share of the ten true neighbours that an index of the others finds.

        Parameters
        ----------
        index : VectorIndex
        keys : ndarray of int64, shape (len(others),)
            Of the others.
        """
        queries = self.vectors[self.rows]
        found, _ = index.search(queries, _NEIGHBOURS)
        order = np.argsort(keys)
        places = self.others[order[np.searchsorted(keys, np.maximum(found, keys.min()), sorter=order)]]
        similar = np.einsum("md,mkd->mk", queries, self.vectors[places])
        # those that are equally near are equally good
        return float(((similar >= self.reached[:, None] - 1e-6) & (found >= 0)).mean())
