"""What the nearest labelled clips say: votes of neighbours, and similarities of a clip to every project."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp

from smf_embed.ranges import ranges
from smf_embed.threads import thread_count

#: Numbers of neighbours whose votes are counted.
VOTES_AT = (1, 5, 20, 50)
#: Neighbours that are searched for a labelled clip: a few more than vote, since it must not see its like.
NEIGHBOURS = VOTES_AT[-1] + 14
# The search compares codes of four bits for every four components first, and then five times the neighbours by their
# whole vectors: half the time of whole vectors alone for many clips, and 0.6 ms for one among 81,000, at a recall of
# 0.995 (docs/decisions.md). Fewer vectors, and short ones, are compared whole.
_CODED_TOGETHER = 4
_WORTH_CODING = 5_000
_LONG_ENOUGH = 256
_COMPARED_WHOLE = 5
_LEARNED_FROM = 2_500
_NOT_THERE = -1.0


@dataclass(frozen=True)
class Signals:
    """What one field of some clips says, by project; every array but `nearest` is float32, shape (n, n_projects).

    Attributes
    ----------
    votes : dict of int → ndarray
        Number of neighbours → each project's share of their votes, weighted by similarity, 0 to 1; all zero where
        there is no neighbour.
    best, mean3, prototype : ndarray
        Cosine with the project's most similar clip, mean of the three highest (of fewer where there are fewer), and
        with the mean of its clips; centred on the labelled clips. NaN where the project has no other clip. For
        `none` only `best` is known, and only when it is among the neighbours.
    nearest : ndarray of int, shape (n, n_projects)
        Row of the project's most similar labelled clip; -1 where there is none.
    """

    votes: dict[int, np.ndarray]
    best: np.ndarray
    mean3: np.ndarray
    prototype: np.ndarray
    nearest: np.ndarray


class VoteSearch(Protocol):
    """What finds the nearest of the vectors that it was made for."""

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the similarity of the k nearest, nearest first, and their rows, -1 where fewer are found."""


#: Makes a search of the centred vectors of some labelled clips, given as rows, int, and vectors, float32.
OpenVoteSearch = Callable[[np.ndarray, np.ndarray], VoteSearch]


class FieldVotes:
    """The labelled clips that have a text in one field, ready to be asked.

    Attributes
    ----------
    rows : ndarray of int, shape (n_voters,)
        Of the labelled clips that have a text here.
    vectors : ndarray, shape (n_voters, dimension), float32
        Theirs, centred.

    Parameters
    ----------
    vectors : ndarray, shape (n, dimension), float32
        Unit length; zero where the clip has no text here.
    projects : ndarray of int, shape (n,)
        0 is `none`.
    groups : ndarray of int, shape (n,)
        Near-duplicates share a number.
    n_projects : int
    centre : ndarray, shape (dimension,), optional
        Mean of the vectors at the time of fitting; worked out where not given.
    temperature : float, optional
        How much similarity a vote may be behind the best and still count: at that distance it weighs 1/e.
    open_search : callable, optional
        What finds the nearest of them, where it is not FAISS in this process.
    like : FieldVotes, optional
        Centre, temperature and the code that its search compares by are taken from it, which know no labels. Were they
        of these clips alone, similarities would differ from fold to fold.
    """

    def __init__(
        self,
        vectors: np.ndarray,
        projects: np.ndarray,
        groups: np.ndarray,
        n_projects: int,
        centre: np.ndarray | None = None,
        temperature: float | None = None,
        open_search: OpenVoteSearch | None = None,
        like: FieldVotes | None = None,
    ) -> None:
        if like is not None:
            centre, temperature = like.centre, like.temperature
        self.rows = np.flatnonzero(vectors.any(axis=1))
        self.n_projects = n_projects
        self._projects = projects[self.rows]
        self._groups = groups[self.rows]
        there = vectors if len(self.rows) == len(vectors) else vectors[self.rows]
        if centre is None:
            centre = there.mean(axis=0) if len(there) else np.zeros(vectors.shape[1], dtype=np.float32)
        self.centre: np.ndarray = centre.astype(np.float32)
        self.vectors = self.centred(there)
        self._code: Any = None if like is None else like._code
        if open_search is not None and len(self.rows):
            self._index = open_search(self.rows, self.vectors)
        else:
            self._index = self._build_index()
        self.temperature: float = temperature if temperature is not None else self._fit_temperature()
        # clips of projects, sorted by project: few beside those of `none`, so all similarities to them are affordable
        order = np.argsort(self._projects, kind="stable")
        self._of_projects = order[np.searchsorted(self._projects[order], 1) :]
        self._begins = np.searchsorted(self._projects[self._of_projects], np.arange(1, n_projects + 1))
        self._vectors_of_projects = self.vectors[self._of_projects]
        self._sums = summed(self.vectors, self._projects, n_projects)
        self._sizes = np.bincount(self._projects, minlength=n_projects).astype(np.float32)

    def ask(self, vectors: np.ndarray, groups: np.ndarray) -> Signals:
        """Compare clips with the labelled ones.

        Parameters
        ----------
        vectors : ndarray, shape (n, dimension), float32
            Unit length, none of them zero.
        groups : ndarray of int, shape (n,)
            Labelled clips of the same number are not seen; -1 sees all.

        Returns
        -------
        Signals
        """
        queries = self.centred(vectors)
        votes, best_none, nearest_none = self._votes(queries, groups)
        best, mean3, nearest = self._similarities(queries, groups)
        best[:, 0], nearest[:, 0] = best_none, nearest_none
        return Signals(votes, best, mean3, self._prototype(queries, groups), nearest)

    def nearest(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest labelled clips, nearly always the nearest ones (`benchmarks/vote_neighbours.py`).

        Parameters
        ----------
        vectors : ndarray, shape (n, dimension), float32
            Unit length.

        Returns
        -------
        similarity : ndarray, shape (n, k), float32
            Centred cosines, nearest first; k is `NEIGHBOURS`, or the number of labelled clips where those are fewer.
        rows : ndarray of int, shape (n, k)
            Of the labelled clips; -1 where fewer are found.
        """
        similarity, place = self._index.search(self.centred(vectors), min(NEIGHBOURS, len(self.rows)))
        return similarity, np.where(place >= 0, self.rows[place], -1)

    def _search(self, queries: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return similarity and place of the nearest, -1 where fewer are found: a few more where some are not seen."""
        similarity = np.full((len(queries), NEIGHBOURS), _NOT_THERE, dtype=np.float32)
        place = np.full((len(queries), NEIGHBOURS), -1)
        for asking, count in ((groups < 0, VOTES_AT[-1]), (groups >= 0, NEIGHBOURS)):
            if asking.any():
                count = min(count, len(self.rows))
                similarity[asking, :count], place[asking, :count] = self._index.search(queries[asking], count)
        return similarity, place

    def centred(self, vectors: np.ndarray) -> np.ndarray:
        """Return vectors less the centre, of unit length again; cosines of these are the similarities here."""
        moved = vectors - self.centre
        # without the squares of all numbers side by side, as `numpy.linalg.norm` has them
        moved /= np.maximum(np.sqrt(np.einsum("ij,ij->i", moved, moved)), 1e-9)[:, None]
        return moved

    def _build_index(self) -> VoteSearch:
        import faiss

        faiss.omp_set_num_threads(thread_count())
        count, dimension = self.vectors.shape
        if count < _WORTH_CODING or dimension < _LONG_ENOUGH or dimension % _CODED_TOGETHER:
            index: Any = faiss.IndexFlatIP(dimension)
        else:
            if self._code is None:
                # André et al. (2017), Accelerated nearest neighbor search with quick ADC: the codes fit into registers
                kind = f"PQ{dimension // _CODED_TOGETHER}x4fs,RFlat"
                self._code = faiss.index_factory(dimension, kind, faiss.METRIC_INNER_PRODUCT)
                self._code.train(self.vectors[:: -(-count // _LEARNED_FROM)])
            index = faiss.clone_index(self._code)
            index.k_factor = _COMPARED_WHOLE
        if count:
            index.add(self.vectors)
        return index

    def _fit_temperature(self) -> float:
        # half the distance between the best neighbour and the twentieth, so that encoders whose similarities lie close
        # together (those of e5 do) vote like those that spread
        if len(self.vectors) < 3:
            return 1.0
        sample = self.vectors[np.random.default_rng(0).permutation(len(self.vectors))[:1000]]
        similarity, _ = self._index.search(sample, min(21, len(self.vectors)))
        return max(float(np.mean(similarity[:, 1] - similarity[:, -1])) / 2, 1e-3)

    def _votes(self, queries: np.ndarray, groups: np.ndarray) -> tuple[dict[int, np.ndarray], np.ndarray, np.ndarray]:
        n = len(queries)
        if not len(self.rows) or n == 0:
            nothing = np.zeros((n, self.n_projects), dtype=np.float32)
            return dict.fromkeys(VOTES_AT, nothing), np.full(n, np.nan, np.float32), np.full(n, -1)
        similarity, neighbour = self._search(queries, groups)
        hidden = (self._groups[neighbour] == groups[:, None]) & (groups[:, None] >= 0) | (neighbour < 0)
        similarity[hidden] = _NOT_THERE
        order = np.argsort(-similarity, axis=1, kind="stable")
        similarity = np.take_along_axis(similarity, order, axis=1)
        neighbour = np.take_along_axis(neighbour, order, axis=1)
        hidden = np.take_along_axis(hidden, order, axis=1)
        project = self._projects[neighbour]
        weight = np.exp((similarity - similarity[:, :1]) / self.temperature)
        weight[hidden] = 0.0
        clip = np.broadcast_to(np.arange(n)[:, None], project.shape)
        votes = {}
        for count in VOTES_AT:
            place = (clip[:, :count] * self.n_projects + project[:, :count]).ravel()
            sums = np.bincount(place, weight[:, :count].ravel(), minlength=n * self.n_projects)
            sums = sums.reshape(n, self.n_projects).astype(np.float32)
            votes[count] = sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-9)
        is_none = (project == 0) & ~hidden
        first = is_none.argmax(axis=1)
        found = is_none.any(axis=1)
        best = np.where(found, similarity[np.arange(n), first], np.nan).astype(np.float32)
        return votes, best, np.where(found, self.rows[neighbour[np.arange(n), first]], -1)

    def _similarities(self, queries: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        shape = (len(queries), self.n_projects)
        nearest = np.full(shape, -1)
        similarity = queries @ self._vectors_of_projects.T
        similarity[pairs_of_a_group(groups, self._groups[self._of_projects])] = _NOT_THERE
        row = np.arange(len(queries))
        highest = np.full((3, *shape), _NOT_THERE, dtype=np.float32)
        for project in range(1, self.n_projects):
            begin, end = self._begins[project - 1], self._begins[project]
            part = similarity[:, begin:end]
            # three times the highest: less than to sort them
            for place in range(min(3, end - begin)):
                at = part.argmax(axis=1)
                highest[place, :, project] = part[row, at]
                part[row, at] = _NOT_THERE
                if place == 0:
                    nearest[:, project] = self.rows[self._of_projects[begin + at]]
        there = highest > _NOT_THERE
        # over those that are there: a sum over fewer than three would tell how many a training clip may not see
        mean3 = np.where(there, highest, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        is_any = there[0]
        return (
            np.where(is_any, highest[0], np.nan),
            np.where(is_any, mean3, np.nan).astype(np.float32),
            np.where(is_any, nearest, -1),
        )

    def _prototype(self, queries: np.ndarray, groups: np.ndarray) -> np.ndarray:
        dot = queries @ self._sums.T
        squared = np.broadcast_to((self._sums**2).sum(axis=1), dot.shape).copy()
        size = np.broadcast_to(self._sizes, dot.shape).copy()
        # take the hidden clips out of the means: |s - h|² = |s|² - 2 s·h + |h|² for the sum h of a query's hidden clips
        query, clip = pairs_of_a_group(groups, self._groups[self._of_projects])
        if len(query):
            clip = self._of_projects[clip]
            pair, at = np.unique(query * self.n_projects + self._projects[clip], return_inverse=True)
            removed = np.zeros((len(pair), queries.shape[1]), dtype=np.float32)
            np.add.at(removed, at, self.vectors[clip])
            row, project = np.divmod(pair, self.n_projects)
            dot[row, project] -= np.einsum("ij,ij->i", queries[row], removed)
            squared[row, project] += (removed**2).sum(axis=1) - 2 * np.einsum("ij,ij->i", self._sums[project], removed)
            size[row, project] -= np.bincount(at)
        cosine = dot / np.sqrt(np.maximum(squared, 1e-9))
        cosine[size < 0.5] = np.nan
        cosine[:, 0] = np.nan
        return np.clip(cosine, -1, 1)


def summed(vectors: np.ndarray, kinds: np.ndarray, n_kinds: int) -> np.ndarray:
    """Return the sum of the vectors of each kind, shape (n_kinds, dimension).

    Parameters
    ----------
    vectors : ndarray, shape (n, dimension), float32
    kinds : ndarray of int, shape (n,)
        Below `n_kinds`.
    n_kinds : int
    """
    # a product with one number a row: thirty times as fast as np.add.at
    member = sp.csr_matrix((np.ones(len(kinds), np.float32), kinds, np.arange(len(kinds) + 1)), (len(kinds), n_kinds))
    return np.asarray(member.T @ vectors)


def pairs_of_a_group(groups: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return all pairs (row of `groups`, row of `others`) that share a number; -1 is shared with nobody.

    Parameters
    ----------
    groups, others : ndarray of int, one-dimensional

    Returns
    -------
    rows, other_rows : ndarray of int
        Sorted by row.
    """
    if (groups < 0).all():
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing
    order = np.argsort(others, kind="stable")
    begin = np.searchsorted(others[order], groups, side="left")
    end = np.searchsorted(others[order], groups, side="right")
    length = np.where(groups >= 0, end - begin, 0)
    return np.repeat(np.arange(len(groups)), length), order[ranges(begin, length)]
