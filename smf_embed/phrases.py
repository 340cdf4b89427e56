"""Phrases of one to a few words, counted in many texts and found in many texts at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from smf_embed.word_rows import WordRows

# counts that are sums of shares are not exact
ROUNDING = 1e-6


def frequent_phrases(keys: WordRows, counts: sp.csr_matrix, longest: int, least_texts: float) -> list[tuple[str, ...]]:
    """Return the phrases that are in enough texts of one project, the shorter ones first.

    A phrase can be frequent only if it is without its last word.

    Parameters
    ----------
    keys : WordRows
        The words of each distinct text.
    counts : csr_matrix, shape (len(keys), n_projects)
        How many texts of each project a row stands for; project 0, `none`, does not count.
    longest : int
        Words of the longest phrase.
    least_texts : float

    References
    ----------
    Agrawal and Srikant (1994), Fast algorithms for mining association rules.
    """
    of_projects = counts[:, 1:].tocsr()
    rows = np.flatnonzero(np.diff(of_projects.indptr))
    own_keys = keys.part(rows)
    words, flat, text = own_keys.words, own_keys.flat, own_keys.row
    own_counts = of_projects[rows]
    result: list[tuple[str, ...]] = []
    # the phrase that begins at each word, as a row of `level`; -1 where it is not frequent
    begins = np.zeros(len(flat), dtype=np.int64)
    level: list[tuple[str, ...]] = [()]
    for length in range(1, longest + 1):
        codes = _continued(begins, flat, text, length, len(words))
        there = np.flatnonzero(codes >= 0)
        distinct, index = np.unique(codes[there], return_inverse=True)
        in_texts = sp.csr_matrix((np.ones(len(there)), (index, text[there])), shape=(len(distinct), len(own_keys)))
        in_texts.sum_duplicates()
        in_texts.data[:] = 1.0
        by_project = in_texts @ own_counts
        frequent = np.zeros(len(distinct), dtype=bool)
        if by_project.shape[0] and by_project.shape[1]:
            frequent = by_project.max(axis=1).toarray().ravel() >= least_texts - ROUNDING
        level = [(*level[code // len(words)], words[code % len(words)]) for code in distinct[frequent].tolist()]
        result += level
        renumbered = np.where(frequent, np.cumsum(frequent) - 1, -1)
        begins = np.full(len(flat), -1, dtype=np.int64)
        begins[there] = renumbered[index]
        if not level:
            break
    return result


def _continued(begins: np.ndarray, flat: np.ndarray, text: np.ndarray, length: int, n_words: int) -> np.ndarray:
    """Return a code of the phrase of `length` words at each word, -1 where there is none.

    `begins` holds the number of the phrase of one word less.
    """
    codes = np.full(len(flat), -1, dtype=np.int64)
    if len(flat) < length:
        return codes
    reach = len(flat) - length + 1
    last = flat[length - 1 :]
    good = (begins[:reach] >= 0) & (last >= 0) & (text[:reach] == text[length - 1 :])
    codes[:reach][good] = begins[:reach][good] * n_words + last[good]
    return codes


class Phrases:
    """A set of phrases that is looked for in many texts at once, word by word down the tree of their beginnings."""

    def __init__(self, phrases: Sequence[tuple[str, ...]]) -> None:
        self.phrases = phrases
        self._number: dict[str, int] = {}
        for phrase in phrases:
            for word in phrase:
                self._number.setdefault(word, len(self._number))
        # by length: sorted codes of the beginnings, and the phrase that each is, -1 for none
        self._levels: list[tuple[np.ndarray, np.ndarray]] = []
        place: dict[tuple[str, ...], int] = {(): 0}
        row_of = {phrase: row for row, phrase in enumerate(phrases)}
        n_words = len(self._number)
        for length in range(1, max(map(len, phrases), default=0) + 1):
            beginnings = {phrase[:length] for phrase in phrases if len(phrase) >= length}
            coded = sorted((place[one[:-1]] * n_words + self._number[one[-1]], one) for one in beginnings)
            place = {one: row for row, (_, one) in enumerate(coded)}
            codes = np.array([code for code, _ in coded], dtype=np.int64)
            self._levels.append((codes, np.array([row_of.get(one, -1) for _, one in coded], dtype=np.int64)))

    def occurrences(self, rows: WordRows) -> sp.csr_matrix:
        """Return 1 for each phrase in each row of words, shape (len(rows), len(phrases))."""
        number = np.fromiter((self._number.get(word, -1) for word in rows.words), np.int64, len(rows.words))
        flat, text = number[rows.flat], rows.row
        begins = np.zeros(len(flat), dtype=np.int64)
        found_rows, found = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for length, (codes, phrase) in enumerate(self._levels, start=1):
            wanted = _continued(begins, flat, text, length, len(self._number))
            places = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
            begins = np.where(codes[places] == wanted, places, -1)
            there = np.flatnonzero(begins >= 0)
            if not len(there):
                break
            there = there[phrase[begins[there]] >= 0]
            found_rows.append(text[there])
            found.append(phrase[begins[there]])
        all_rows, all_found = np.concatenate(found_rows), np.concatenate(found)
        matrix = sp.csr_matrix(
            (np.ones(len(all_rows), dtype=np.float64), (all_rows, all_found)), shape=(len(rows), len(self.phrases))
        )
        matrix.sum_duplicates()
        matrix.data[:] = 1.0
        return matrix
