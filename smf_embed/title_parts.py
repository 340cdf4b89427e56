"""How much a part of a title is spelt like a part of a labelled one.

«Caillou | Le restaurant de papa» and «le restuarant de papa» share an episode. As wholes the two are unlike; a vector
knows meanings, not letters, and misspelt words have others. So the parts of titles, between bars, slashes and dashes,
are compared by their letters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from smf_embed.letter_grams import FEATURES, letter_grams
from smf_embed.ranges import ranges
from smf_embed.tfidf import tfidf

_BETWEEN_PARTS = re.compile(r"\s*[/|;«»\"()\[\]]\s*|\s+[-–—.:]+\s+|[:.]\s+")
# shorter ones are numbers and abbreviations
_FEWEST_LETTERS = 4
_RUNS = (3, 4)
# runs of letters in more of the parts than this share tell nothing, and make most of the work; few parts are no work,
# and the name of a project may be in a large share of them
_COMMON, _FEW = 0.02, 1_000
# parts that are compared at once; bounds the memory
_TOGETHER = 4_000
# cosines below are those of any two texts of a language
_ALIKE = 0.25
# for the share of a project in what is spelt like a part: a part counts exp(12 (cosine - 1)) of one, above that cosine,
# and that much is added to their number; at another cosine than 1 the share says exp(4 (cosine - 1)) of itself
_COUNTED, _PER_COSINE, _PRIOR = 0.4, 12.0, 0.2
_PER_COSINE_ASKED = 4.0


@dataclass(frozen=True)
class PartCounts:
    """The parts of some titles.

    Attributes
    ----------
    begins : ndarray of int64, shape (n + 1,)
        Where the parts of each title begin, and where those of the last one end; each has one at least.
    counts : csr_matrix, shape (n_parts, 2 ** 18), float32
        1 + log(count) of hashed runs of three and four letters.
    """

    begins: np.ndarray
    counts: sp.csr_matrix

    @classmethod
    def of(cls, titles: Sequence[str]) -> PartCounts:
        """Split cleaned titles; one without any part of four letters is a part as a whole."""
        parts: list[str] = []
        begins = np.zeros(len(titles) + 1, dtype=np.int64)
        for row, title in enumerate(titles, start=1):
            found = [part for part in _BETWEEN_PARTS.split(title) if sum(map(str.isalpha, part)) >= _FEWEST_LETTERS]
            parts += found or [title]
            begins[row] = len(parts)
        counts = letter_grams(parts, *_RUNS)
        counts.data = np.log(counts.data) + 1.0
        return cls(begins, counts)

    @property
    def row(self) -> np.ndarray:
        """The title of each part, int64."""
        return np.repeat(np.arange(len(self.begins) - 1), np.diff(self.begins))

    def part(self, rows: np.ndarray) -> PartCounts:
        """Return the parts of some of the titles."""
        length = np.diff(self.begins)[rows]
        return PartCounts(np.append(0, np.cumsum(length)), self.counts[ranges(self.begins[:-1][rows], length)])


class TitleParts:
    """The parts of labelled titles, ready to be compared with.

    Parameters
    ----------
    parts : PartCounts
        Of labelled clips.
    projects : ndarray of int, shape (n,)
        0 is `none`.
    groups : ndarray of int, shape (n,)
        Near-duplicates share a number.
    n_projects : int
        `none` included.
    """

    def __init__(self, parts: PartCounts, projects: np.ndarray, groups: np.ndarray, n_projects: int) -> None:
        self._n_projects = n_projects
        row = parts.row
        texts = np.bincount(parts.counts.indices, minlength=FEATURES)
        self._idf = (np.log((1 + len(row)) / (1 + texts)) + 1).astype(np.float32)
        self._idf[texts > max(_COMMON * len(row), _FEW)] = 0.0
        weighed, project = self._weighed(parts.counts), projects[row]
        own = np.flatnonzero(project)
        self._parts = weighed[own].T.tocsr()
        self._projects, self._groups = project[own], groups[row[own]]
        # what is spelt like each part, of its project and of all
        alike_own, alike = np.zeros(len(own)), np.zeros(len(own))
        for start in range(0, len(row), _TOGETHER):
            cosine = (weighed[start : start + _TOGETHER] @ self._parts).tocoo()
            near = cosine.data > _COUNTED
            part, weight = cosine.col[near], np.exp(_PER_COSINE * (cosine.data[near] - 1))
            is_own = project[start + cosine.row[near]] == self._projects[part]
            alike += np.bincount(part, weight, minlength=len(own))
            alike_own += np.bincount(part[is_own], weight[is_own], minlength=len(own))
        self._share = (alike_own / (alike + _PRIOR)).astype(np.float32)

    def ask(self, parts: PartCounts, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compare titles with those of every project.

        Parameters
        ----------
        parts : PartCounts
        groups : ndarray of int, shape (n,)
            Labelled clips of the same number are not looked at; -1 looks at all.

        Returns
        -------
        best : ndarray, shape (n, n_projects), float32
            Cosine of the most similar two parts, 0 to 1; 0 where it is below 0.25, and for `none`.
        share : ndarray, shape (n, n_projects), float32
            The highest share, 0 to 1, that the project has in what is spelt like such a part, less where the two
            differ.
        """
        row = parts.row
        weighed = self._weighed(parts.counts)
        best = np.zeros((len(groups), self._n_projects), dtype=np.float32)
        share = np.zeros_like(best)
        for start in range(0, len(row), _TOGETHER):
            some = weighed if len(row) <= _TOGETHER else weighed[start : start + _TOGETHER]
            cosine = some @ self._parts
            alike = cosine.data > _ALIKE
            asked = np.repeat(row[start : start + _TOGETHER], np.diff(cosine.indptr))[alike]
            part, value = cosine.indices[alike], cosine.data[alike]
            seen = (groups[asked] < 0) | (groups[asked] != self._groups[part])
            asked, part, value = asked[seen], part[seen], value[seen]
            np.maximum.at(best, (asked, self._projects[part]), value)
            speaking = np.exp(_PER_COSINE_ASKED * (value - 1)) * self._share[part]
            np.maximum.at(share, (asked, self._projects[part]), speaking)
        return best, share

    def _weighed(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        """Return counts as unit vectors by TF-IDF, without the runs that are common."""
        weighed = tfidf(counts, self._idf).copy()
        weighed.eliminate_zeros()
        return weighed
