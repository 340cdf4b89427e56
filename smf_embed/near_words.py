"""The words that are one edit away from a token, found without an index that takes longer to make than to ask."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from rapidfuzz.distance import OSA

_LAST_CHARACTER = "\U0010ffff"


class NearWords:
    """Some words, to be asked which of them are near.

    An edit leaves the first or the second half of a token as it is, so that it is enough to compare with the words that
    begin or end so; the one exchange of letters that goes across both halves is tried by itself.

    Parameters
    ----------
    words : iterable of str
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._all = frozenset(words)
        self._forwards = sorted(self._all)
        self._backwards = sorted(word[::-1] for word in self._all)

    def one_edit_away(self, token: str) -> set[str]:
        """Return the words that a letter added, left out or replaced, or two neighbours exchanged, makes of a token.

        Examples
        --------
        >>> sorted(NearWords(["буба", "бубы", "кот"]).one_edit_away("бубв"))
        ['буба', 'бубы']
        """
        half = len(token) // 2
        rest = token[half:]
        found = {word for word in _beginning(self._forwards, token[:half], len(token)) if _differ_by_one(word, token)}
        for reverse in _beginning(self._backwards, rest[::-1], len(token)):
            word = reverse[::-1]
            if word not in found and _differ_by_one(word, token):
                found.add(word)
        if half:
            exchanged = f"{token[: half - 1]}{token[half]}{token[half - 1]}{token[half + 1 :]}"
            if exchanged in self._all and exchanged != token:
                found.add(exchanged)
        return found


def _beginning(ordered: list[str], start: str, length: int) -> list[str]:
    """Return the words of a sorted list that begin so and are about as long."""
    begin, end = bisect_left(ordered, start), bisect_left(ordered, start + _LAST_CHARACTER)
    return [word for word in ordered[begin:end] if -2 < len(word) - length < 2]


def _differ_by_one(one: str, other: str) -> bool:
    return OSA.distance(one, other, score_cutoff=1) == 1
