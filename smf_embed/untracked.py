"""Names that many clips of no project share: series that may be worth tracking.

A series shows in the titles of its clips: they begin or end with its name, are about the same things, and come from
few channels. A phrase of everyday use (for children, part one) is in as many titles, but these have nothing else in
common.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from smf_embed.aliases import spelt
from smf_embed.clips import LABEL, NONE
from smf_embed.encoded_clips import EncodedClips
from smf_embed.phrases import Phrases, frequent_phrases
from smf_embed.word_rows import WordRows, without_numbers, words_of

_LONGEST = 4
_FEWEST_TITLES = 8
# a phrase of a tracked project: its clips are rather compilations and toys of that project
_TRACKED = 0.1
# a phrase is told once: of two that share so many of the titles of the smaller one, the better
_OVERLAP = 0.5


@dataclass(frozen=True)
class Untracked:
    """A name that clips of `none` share.

    Attributes
    ----------
    name : str
        A phrase of one to four words.
    rows : ndarray of int
        The labelled clips of `none` that have it in the title.
    titles : int
        Different titles among them, numbers apart.
    channels : int
    likeness : float
        -1 to 1: mean cosine of two of these titles, after the mean of all is taken off.
    score : float
        Likeness, times how few channels, times the logarithm of the titles; the lists are sorted by it.
    """

    name: str
    rows: np.ndarray
    titles: int
    channels: int
    likeness: float
    score: float


def untracked(clips: EncodedClips, most: int = 20) -> list[Untracked]:
    """Find names that many labelled clips of `none` share and hardly any clip of a project.

    Parameters
    ----------
    clips : EncodedClips
        Labelled.
    most : int

    Returns
    -------
    list of Untracked
        The most promising first.
    """
    is_none = np.array([clip[LABEL] == NONE for clip in clips.clips], dtype=bool)
    keys = [tuple(without_numbers(words)) for words in words_of(clips.texts["title"])]
    number: dict[tuple[str, ...], int] = {}
    text = np.array([number.setdefault(key, len(number)) for key in keys], dtype=int)
    distinct = list(number)
    counts = np.zeros((len(distinct), 2))
    np.add.at(counts, (text, is_none.astype(int)), 1.0)
    told = np.array([bool(key) for key in distinct], dtype=bool)
    # a title of both counts as one of a project, column 0 here
    shares = np.column_stack([counts[:, 0] > 0, (counts[:, 0] == 0) & told]).astype(float)
    rows = WordRows.of(distinct)
    phrases = frequent_phrases(rows, sp.csr_matrix(shares), _LONGEST, _FEWEST_TITLES)
    phrases = [phrase for phrase in phrases if sum(map(len, phrase)) > 2]
    if not phrases:
        return []
    found = Phrases(phrases).occurrences(rows).tocsc()
    of_projects, of_none = shares[:, 0] @ found, shares[:, 1] @ found
    good = np.flatnonzero((of_none >= _FEWEST_TITLES) & (of_projects <= _TRACKED * (of_none + of_projects)))
    vectors = _centred(clips, text, len(distinct))
    channels = _channels_of(clips, text, len(distinct))
    ranked = []
    for place in good.tolist():
        titles = found.indices[found.indptr[place] : found.indptr[place + 1]]
        titles = titles[shares[titles, 1] > 0]
        likeness = _likeness(vectors[titles])
        spread = _effective(channels[titles])
        ranked.append((likeness / np.sqrt(spread) * np.log(len(titles)), place, titles, likeness))
    return _distinct(sorted(ranked, key=lambda row: (-row[0], row[1])), phrases, clips, text, is_none, most)


def _distinct(
    ranked: list[tuple[float, int, np.ndarray, float]],
    phrases: list[tuple[str, ...]],
    clips: EncodedClips,
    text: np.ndarray,
    is_none: np.ndarray,
    most: int,
) -> list[Untracked]:
    """Take the best phrases whose titles are not those of a better one."""
    result: list[Untracked] = []
    taken: list[set[int]] = []
    for score, place, titles, likeness in ranked:
        if len(result) == most:
            break
        own = set(titles.tolist())
        if any(len(own & other) > _OVERLAP * min(len(own), len(other)) for other in taken):
            continue
        taken.append(own)
        rows = np.flatnonzero(np.isin(text, titles) & is_none)
        channels = len({clips.channels[row] for row in rows})
        result.append(
            Untracked(spelt(" ".join(phrases[place])), rows, len(own), channels, round(likeness, 3), round(score, 3))
        )
    return result


def _centred(clips: EncodedClips, text: np.ndarray, n_texts: int) -> np.ndarray:
    """Return a vector for each distinct title, of unit length once the mean of all is taken off."""
    first = np.full(n_texts, -1)
    first[text[::-1]] = np.arange(len(text))[::-1]
    vectors = clips.vectors["title"][first]
    there = vectors.any(axis=1)
    vectors = vectors - (vectors[there].mean(axis=0) if there.any() else 0.0)
    vectors[~there] = 0.0
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def _channels_of(clips: EncodedClips, text: np.ndarray, n_texts: int) -> np.ndarray:
    channels = np.empty(n_texts, dtype=object)
    channels[text] = clips.channels
    return channels


def _likeness(vectors: np.ndarray) -> float:
    """Return the mean cosine of two different ones of these vectors of unit length."""
    n = len(vectors)
    return float(((vectors.sum(axis=0) ** 2).sum() - n) / (n * (n - 1)))


def _effective(channels: np.ndarray) -> float:
    """Return how many channels there are, counted by their shares: 1 / the chance that two clips are of one."""
    shares = np.array(list(Counter(channels.tolist()).values())) / len(channels)
    return float(1.0 / (shares**2).sum())
