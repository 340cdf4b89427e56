"""Mining of aliases: the phrases that occur almost only in one project's labelled clips."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from smf_embed.errors import InputError
from smf_embed.lexicon import UNSPACED, Entry
from smf_embed.phrases import ROUNDING, Phrases, frequent_phrases
from smf_embed.word_rows import DistinctTexts, WordRows, without_numbers, words_of

FORMAT_VERSION = 1
#: Precision from which a phrase counts as a name when compilations are looked for.
NAMING = 0.05
#: Precision from which a title with a phrase names its project: in most cases half of such titles are of others.
SPEAKING = 0.3
# of the projects' texts that hold a phrase, so many must be of one project for it to be that one's name
_NAMING_SHARE = 0.9
# of one project: texts of others that tell common phrases, how wrong that may be, and words that all are searched for
_SAMPLED = 2_000
_CAUTION = 3
_MOST_ANCHORS = 40


@dataclass(frozen=True, order=True)
class Alias:
    """A phrase that speaks for a project.

    Attributes
    ----------
    text : str
        One to four words, separated by spaces; characters of scripts without spaces count as words.
    project : int
    precision : float
        Smoothed share of the project among the distinct texts that hold the phrase.
    texts : float
        How many of those texts are the project's.
    """

    text: str
    project: int
    precision: float
    texts: float


class MinedAliases:
    """The mined phrases of all projects, and what they say of texts.

    Parameters
    ----------
    aliases : sequence of Alias
    n_projects : int
        `none`, number 0, included.
    """

    def __init__(self, aliases: Sequence[Alias], n_projects: int) -> None:
        self.aliases = list(aliases)
        self.n_projects = n_projects
        self._phrases = Phrases([tuple(alias.text.split(" ")) for alias in self.aliases])

    def __len__(self) -> int:
        return len(self.aliases)

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Return the precision of the best phrase of each project in each text, 0 where there is none.

        Parameters
        ----------
        texts : sequence of str
            Cleaned by `smf_embed.text.clean`.

        Returns
        -------
        ndarray, shape (len(texts), n_projects), float32
        """
        words = WordRows.of([without_numbers(row) for row in words_of(texts)])
        return self._scores(words)

    def scores_of(self, texts: DistinctTexts) -> np.ndarray:
        """Return what `scores` does of texts whose words are known, shape (n_clips, n_projects), float32."""
        return self._scores(texts.keys)[texts.key_of[texts.text_of]]

    def _scores(self, rows: WordRows) -> np.ndarray:
        return _best(self._phrases.occurrences(rows), self._weights, self.n_projects)

    @functools.cached_property
    def _weights(self) -> _Weights:
        own = np.array([alias.texts for alias in self.aliases], dtype=np.float64)
        return _Weights(
            np.array([alias.project for alias in self.aliases], dtype=np.int64),
            np.array([alias.precision for alias in self.aliases], dtype=np.float32),
            own,
            own,
        )

    def found(self, text: str) -> list[Alias]:
        """Return the phrases that stand in a cleaned text, the surest first."""
        words = WordRows.of([without_numbers(row) for row in words_of([text])])
        there = [self.aliases[row] for row in self._phrases.occurrences(words).indices]
        return sorted(there, key=lambda alias: (-alias.precision, alias.text))

    def entries(self, projects: Sequence[str], least_precision: float = 0.5, least_texts: float = 3) -> list[Entry]:
        """Return the surest phrases as entries for a lexicon, of source `mined`.

        Parameters
        ----------
        projects : sequence of str
            Names by number.
        least_precision, least_texts : float
            Phrases of less are left out; so are those of a single letter.
        """
        return [
            Entry(spelt(alias.text), projects[alias.project], None, "mined")
            for alias in self.aliases
            if alias.precision >= least_precision and alias.texts >= least_texts and len(alias.text) > 1
        ]

    def to_json(self) -> dict[str, Any]:
        """Return plain data that `json.dumps` takes and `from_json` reads."""
        aliases = [asdict(alias) for alias in self.aliases]
        return {"version": FORMAT_VERSION, "n_projects": self.n_projects, "aliases": aliases}

    @classmethod
    def from_json(cls, data: Any) -> MinedAliases:
        """Read what `to_json` returned.

        Raises
        ------
        InputError
            Data of another form, or of a newer program.
        """
        try:
            if data["version"] > FORMAT_VERSION:
                raise InputError(f"mined aliases of a newer smf-embed (format {data['version']}); update smf-embed")
            return cls([Alias(**alias) for alias in data["aliases"]], data["n_projects"])
        except (TypeError, KeyError) as error:
            raise InputError(f"the mined aliases are damaged: {type(error).__name__}: {error}") from error


def mine_aliases(
    texts: DistinctTexts,
    labels: np.ndarray,
    n_projects: int,
    *,
    longest: int = 4,
    least_texts: float = 2.0,
    least_precision: float = 0.1,
    prior: float = 1.0,
    naming: float | None = NAMING,
) -> MinedAliases:
    """Find the phrases that occur almost only in one project's texts.

    A text that comes again counts once, shared among its labels. Texts of `none` that name two projects are
    compilations, and say nothing against the names in them: they are found by a first round of mining and left out of
    the second.

    Parameters
    ----------
    texts : DistinctTexts
        Of n clips.
    labels : ndarray of int, shape (n,)
        0 is `none`.
    n_projects : int
        `none` included.
    longest : int
        Words of the longest phrase.
    least_texts : float
        Distinct texts of its project that a phrase must be in.
    least_precision, prior : float
        A phrase in c distinct texts of its project and n of all has the precision c / (n + prior), and is kept when
        that is no less than `least_precision`.
    naming : float, optional
        The precision from which a phrase that hardly another project has names its project in the first round. None
        leaves that round out: descriptions list other series everywhere.

    Returns
    -------
    MinedAliases

    Notes
    -----
    The defaults were chosen out of fold by `benchmarks/lexicon_matching.py`.
    """
    labels = np.asarray(labels)
    keys, text_of = texts.keys, texts.text_of
    ones = np.ones(len(texts.key_of))
    texts_of_key = sp.csr_matrix((ones, (texts.key_of, np.arange(len(ones)))), shape=(len(keys), len(ones)))

    counts = (texts_of_key @ _shares(text_of, labels, len(ones), n_projects)).tocsr()
    phrases = Phrases(frequent_phrases(keys, counts, longest, least_texts))
    occurrences = phrases.occurrences(keys)
    if naming is not None:
        first = _weigh(occurrences, counts, least_texts, naming, prior)
        first.precision[first.own < _NAMING_SHARE * first.of_projects] = 0.0
        several = (_best(occurrences, first, n_projects) > 0).sum(axis=1) > 1
        keep = np.ones((len(keys), n_projects), dtype=bool)
        keep[several, 0] = False
        counts = counts.multiply(keep).tocsr()
    weights = _weigh(occurrences, counts, least_texts, least_precision, prior)
    kept = {
        phrase: Alias(" ".join(phrase), int(project), round(float(precision), 6), round(float(own), 3))
        for phrase, project, precision, own in zip(
            phrases.phrases, weights.projects, weights.precision, weights.own, strict=True
        )
        if precision > 0
    }
    aliases = [alias for phrase, alias in kept.items() if not _has_better_part(phrase, alias, kept)]
    aliases.sort(key=lambda alias: (alias.project, -alias.precision, alias.text))
    return MinedAliases(aliases, n_projects)


def mine_aliases_of(
    project: int,
    own: Mapping[str, int],
    others: Mapping[str, int],
    *,
    longest: int = 4,
    least_texts: float = 2.0,
    least_precision: float = 0.1,
    prior: float = 1.0,
) -> list[Alias]:
    """Find the phrases that occur almost only in the texts of one project, without mining all others.

    The other texts are searched for the phrases of the project alone. A text that both have is shared between them by
    how many clips of each have it. Compilations count against the names in them, so that a precision is the least that
    `mine_aliases` would give.

    Parameters
    ----------
    project : int
        Its number, for the result.
    own, others : mapping of text → int
        Texts of the project and of all other labelled clips, cleaned by `smf_embed.text.clean`, and how many clips have
        each.
    longest, least_texts, least_precision, prior
        See `mine_aliases`.

    Returns
    -------
    list of Alias
    """
    count_of = _counted_by_words(own)
    keys = [tuple(without_numbers(words)) for words in count_of]
    everywhere = sp.csr_matrix(np.tile([0.0, 1.0], (len(keys), 1)))
    wanted = frequent_phrases(WordRows.of(keys), everywhere, longest, least_texts)
    # what is common in a sample cannot be precise: only texts with a word of the others' are read as a whole
    other_list = list(others)
    sample = [other_list[row] for row in np.random.default_rng(0).permutation(len(other_list))[:_SAMPLED]]
    in_sample = _texts_with(wanted, [without_numbers(words) for words in words_of(sample)])
    in_own = _texts_with(wanted, keys)
    scale = len(others) / max(len(sample), 1)
    rare = [
        (phrase, own_texts)
        for phrase, own_texts, sampled in zip(wanted, in_own, in_sample, strict=True)
        if sampled * scale <= _CAUTION * own_texts / least_precision or sampled <= _CAUTION
    ]
    rare.sort(key=lambda pair: -pair[1])
    wanted = []
    anchors: set[str] = set()
    for phrase, _ in rare:
        anchor = max(phrase, key=len)
        if anchor in anchors or len(anchors) < _MOST_ANCHORS:
            anchors.add(anchor)
            wanted.append(phrase)
    elsewhere = _counted_by_words(
        {text: count for text, count in others.items() if any(word in text.replace("ё", "е") for word in anchors)}
    )
    share = np.array([count / (count + elsewhere[words]) for words, count in count_of.items()])
    in_own, own_part = _texts_with(wanted, keys), _texts_with(wanted, keys, share)
    in_others = _texts_with(wanted, [without_numbers(words) for words in elsewhere if words not in count_of])
    kept = {
        phrase: Alias(" ".join(phrase), project, round(float(precision), 6), round(float(own_texts), 3))
        for phrase, own_texts, texts, other_texts in zip(wanted, own_part, in_own, in_others, strict=True)
        if own_texts >= least_texts - ROUNDING
        and (precision := own_texts / (texts + other_texts + prior)) >= least_precision
    }
    aliases = [alias for phrase, alias in kept.items() if not _has_better_part(phrase, alias, kept)]
    return sorted(aliases, key=lambda alias: (-alias.precision, alias.text))


def _counted_by_words(texts: Mapping[str, int]) -> Counter[tuple[str, ...]]:
    """Return how many clips have texts of the same words."""
    counts: Counter[tuple[str, ...]] = Counter()
    for words, count in zip(words_of(list(texts)), texts.values(), strict=True):
        counts[tuple(words)] += count
    return counts


def _texts_with(
    phrases: Sequence[tuple[str, ...]], rows: Sequence[Sequence[str]], weights: np.ndarray | None = None
) -> np.ndarray:
    """Return in how many rows of words each phrase stands; rows may count for less than one."""
    occurrences = Phrases(phrases).occurrences(WordRows.of(rows))
    return occurrences.T @ (np.ones(len(rows)) if weights is None else weights)


class _Weights(NamedTuple):
    """What phrases say: their project, its precision (0: nothing), and the distinct texts of it and of all projects."""

    projects: np.ndarray
    precision: np.ndarray
    own: np.ndarray
    of_projects: np.ndarray


def _weigh(
    occurrences: sp.csr_matrix, counts: sp.csr_matrix, least_texts: float, least_precision: float, prior: float
) -> _Weights:
    by_label = (occurrences.T @ counts).tocsr()
    by_project = by_label[:, 1:]
    if not by_project.shape[0] or not by_project.shape[1]:
        nothing = np.zeros(by_project.shape[0], dtype=np.float32)
        return _Weights(nothing.astype(np.int64), nothing, nothing, nothing)
    own = by_project.max(axis=1).toarray().ravel()
    precision = own / (np.asarray(by_label.sum(axis=1)).ravel() + prior)
    precision[(own < least_texts - ROUNDING) | (precision < least_precision)] = 0.0
    projects = 1 + np.asarray(by_project.argmax(axis=1)).ravel()
    return _Weights(projects, precision.astype(np.float32), own, np.asarray(by_project.sum(axis=1)).ravel())


def _has_better_part(phrase: tuple[str, ...], alias: Alias, kept: dict[tuple[str, ...], Alias]) -> bool:
    # wherever the phrase stands, its part stands, too: leaving it out changes no score
    for length in range(1, len(phrase)):
        for start in range(len(phrase) - length + 1):
            words = phrase[start : start + length]
            part = kept.get(words)
            # a single character makes no entry, so the longer phrase is needed
            if (
                part is not None
                and len(words[0]) + length > 2
                and part.project == alias.project
                and part.precision >= alias.precision
            ):
                return True
    return False


def spelt(phrase: str) -> str:
    """Return a phrase without the spaces between characters of scripts that have none."""
    return re.sub(f"(?<=[{UNSPACED}]) (?=[{UNSPACED}])", "", phrase)


def _shares(texts: np.ndarray, labels: np.ndarray, n_texts: int, n_projects: int) -> sp.csr_matrix:
    """Return how each distinct text is shared among the labels of its clips; rows sum to 1, or to 0 without clips."""
    counts = sp.csr_matrix((np.ones(len(texts)), (texts, labels)), shape=(n_texts, n_projects))
    counts.sum_duplicates()
    totals = np.asarray(counts.sum(axis=1)).ravel()
    return sp.diags(1.0 / np.maximum(totals, 1.0)) @ counts


def _best(occurrences: sp.csr_matrix, weights: _Weights, n_projects: int) -> np.ndarray:
    rows = np.repeat(np.arange(occurrences.shape[0]), np.diff(occurrences.indptr))
    phrases = occurrences.indices
    speaking = weights.precision[phrases] > 0
    rows, phrases = rows[speaking], phrases[speaking]
    result = np.zeros((occurrences.shape[0], n_projects), dtype=np.float32)
    np.maximum.at(result, (rows, weights.projects[phrases]), weights.precision[phrases])
    return result
