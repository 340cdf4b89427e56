"""Projects that look like two: some of their titles go by one name, others by another, and none by both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz

from smf_embed.clips import LABEL, NONE
from smf_embed.encoded_clips import EncodedClips
from smf_embed.judging import main_script
from smf_embed.word_rows import without_numbers, words_of

# words of one beginning are forms of one word
_STEM = 5
_FEWEST_TITLES = 16
# share of a project's titles that go by each name alone
_LEAST_SHARE = 0.2
# a name is so much more frequent in the project than elsewhere
_LIFT = 20.0
# of the titles with the rarer name, those that have both
_MOST_COMMON = 0.2
# a word that stands in so large a share of either half is the name of both
_LEAST_NAMING = 0.5
# two beginnings with so many letters in common (0 to 100) are spellings of one name
_ALIKE = 60


@dataclass(frozen=True)
class TwoNames:
    """A project with two names.

    Attributes
    ----------
    project : str
    names : (str, str)
        Beginnings of words; the first is that of more titles.
    script : str
        Titles of one script are compared, since a project is spelt in each its own way.
    share : float
        0 to 0.5: of the different titles in that script, those that go by the rarer name alone.
    rows : ndarray of int
        The clips that go by the rarer name alone.
    """

    project: str
    names: tuple[str, str]
    script: str
    share: float
    rows: np.ndarray


def two_names(clips: EncodedClips) -> list[TwoNames]:
    """Find projects that may be two, the clearest first.

    A series that is shown in two languages of one script looks so, too: the names tell.

    Parameters
    ----------
    clips : EncodedClips
        Labelled.
    """
    texts = clips.texts["title"]
    words = [frozenset(word[:_STEM] for word in without_numbers(row) if len(word) > 1) for row in words_of(texts)]
    rows_of: dict[str, list[int]] = {}
    for row, clip in enumerate(clips.clips):
        rows_of.setdefault(clip[LABEL], []).append(row)
    everywhere = Counter(word for title in set(words) for word in title)
    n_titles = len(set(words))
    result = []
    for project, rows in rows_of.items():
        if project == NONE:
            continue
        own = Counter(word for title in {words[row] for row in rows} for word in title)
        scripts: dict[str, list[int]] = {}
        for row in rows:
            scripts.setdefault(main_script([texts[row]]), []).append(row)
        for script, inside in scripts.items():
            titles = list({words[row] for row in inside})
            elsewhere = {word: (everywhere[word] - count) / n_titles for word, count in own.items()}
            found = _best_pair(titles, elsewhere)
            if found is not None:
                first, second, share = found
                alone = [row for row in inside if second in words[row] and first not in words[row]]
                result.append(TwoNames(project, (first, second), script, share, np.array(alone)))
    return sorted(result, key=lambda one: (-one.share, one.project))


def _best_pair(titles: list[frozenset[str]], elsewhere: dict[str, float]) -> tuple[str, str, float] | None:
    """Return the two words that divide most titles between them, and the share of the rarer one."""
    n = len(titles)
    if n < _FEWEST_TITLES:
        return None
    counts = Counter(word for title in titles for word in title)
    names = [
        word
        for word, count in sorted(counts.items())
        if count >= _LEAST_SHARE * n and count / n >= _LIFT * elsewhere[word]
    ]
    if len(names) < 2:
        return None
    there = np.array([[word in title for word in names] for title in titles], dtype=float)
    both = there.T @ there
    count = np.diag(both)
    alone = count[:, None] - both  # with the row's name and without the column's
    share = np.minimum(alone, alone.T) / n
    share[_spellings(names)] = 0.0
    share[both > _MOST_COMMON * np.minimum(count[:, None], count[None, :])] = 0.0
    for place in np.argsort(-share, axis=None, kind="stable"):
        first, second = np.unravel_index(place, share.shape)
        if share[first, second] < _LEAST_SHARE:
            return None
        # two heroes of one series divide its titles, too, but its name stands in both halves
        halves = [there[:, one] * (1 - there[:, other]) for one, other in ((first, second), (second, first))]
        in_both = np.minimum(*(half @ there / half.sum() for half in halves))
        if in_both.max() < _LEAST_NAMING and alone[first, second] >= alone[second, first]:
            return names[first], names[second], float(share[first, second])
    return None


def _spellings(names: list[str]) -> np.ndarray:
    """Return which words may be one word, in another script or misspelt, bool, shape (n, n)."""
    scripts = np.array([main_script([name]) for name in names])
    alike = [[fuzz.ratio(one, other) >= _ALIKE for other in names] for one in names]
    return (scripts[:, None] != scripts[None, :]) | np.array(alike)
