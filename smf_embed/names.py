"""What the names in a text say of each project: names and aliases of the lexicon, and phrases mined from clips."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smf_embed.aliases import NAMING, SPEAKING, MinedAliases, mine_aliases
from smf_embed.lexicon import Lexicon
from smf_embed.matching import LexiconMatcher, Matches
from smf_embed.word_rows import DistinctTexts, WordRows

# a word that stands in so many distinct titles is one, and no misspelt name
_WORD_OFTEN = 5
# a plus sign tells mixes
_WORD_OR_PLUS = re.compile(r"\w+|\+")


@dataclass(frozen=True)
class NameSignals:
    """What one field of some clips names; every array is float32.

    Attributes
    ----------
    alias : ndarray, shape (n, n_projects)
        Precision of the project's best mined phrase in the text, 0 to 1; 0 where there is none.
    quality, kind, position : ndarray, shape (n, n_projects)
        Of the best match of the project's names, see `smf_embed.matching.Matches`; quality and kind are 0 and position
        is NaN where the project is not named.
    named : ndarray, shape (n,)
        How many different projects the text names.
    """

    alias: np.ndarray
    quality: np.ndarray
    kind: np.ndarray
    position: np.ndarray
    named: np.ndarray


class Names:
    """The names that are looked for in texts.

    Parameters
    ----------
    lexicon : Lexicon
    aliases : mapping of field → MinedAliases
    projects : sequence of str
        Names by number; number 0 is `none`.
    known : collection of str
        Words of the corpus, which are no misspelt names.
    """

    def __init__(
        self, lexicon: Lexicon, aliases: Mapping[str, MinedAliases], projects: Sequence[str], known: Collection[str]
    ) -> None:
        self.lexicon = lexicon
        self.aliases = dict(aliases)
        self.projects = list(projects)
        self.known = frozenset(known)
        self._matcher = LexiconMatcher(lexicon, self.projects, self.known)

    @classmethod
    def learn(
        cls,
        texts: Mapping[str, DistinctTexts],
        titles: WordRows,
        labels: np.ndarray,
        projects: Sequence[str],
        lexicon: Lexicon,
    ) -> Names:
        """Mine aliases from labelled clips, and count their words.

        Parameters
        ----------
        texts : mapping of field → DistinctTexts
            Of the labelled clips.
        titles : WordRows
            The words of each of their different titles, as `smf_embed.lexicon.WORD` finds them.
        labels : ndarray of int, shape (n,)
        projects : sequence of str
        lexicon : Lexicon
            Names that were given; the labels' own names are added.
        """
        whole = Lexicon(lexicon)
        for entry in Lexicon.from_labels(projects):
            whole.add(entry.key, entry.project, source=entry.source)
        # compilations are told by the names in their titles; in descriptions several names mean nothing
        aliases = {
            field: mine_aliases(column, labels, len(projects), naming=NAMING if field == "title" else None)
            for field, column in texts.items()
        }
        return cls(whole, aliases, projects, titles.common(_WORD_OFTEN))

    def signals(
        self,
        field: str,
        texts: Sequence[str],
        channels: Sequence[str],
        channel_names: Sequence[str],
    ) -> NameSignals:
        """Look for names in one field of some clips.

        Parameters
        ----------
        field : str
        texts : sequence of str
            Cleaned texts.
        channels, channel_names : sequence of str
            Id and name of each clip's channel, for names that hold on one channel.
        """
        shape = (len(texts), len(self.projects))
        if not any(texts):
            nothing = np.zeros(shape, dtype=np.float32)
            return NameSignals(nothing, nothing, nothing, np.full_like(nothing, np.nan), nothing[:, 0])
        matches = self.matches(texts, channels, channel_names).dense()
        return NameSignals(
            self.aliases[field].scores(texts),
            matches["quality"],
            matches["kind"],
            matches["position"],
            matches["named"],
        )

    def matches(self, texts: Sequence[str], channels: Sequence[str], channel_names: Sequence[str]) -> Matches:
        """Find the names of the lexicon in some texts; the parameters are those of `signals`."""
        return self._matcher.match(texts, channels, channel_names)

    def around(self, titles: Sequence[str]) -> list[list[str]]:
        """Return what titles say around names: without the words of names, and of phrases that name a project.

        In scripts without spaces all that stands together is one word here, a name in it, too.

        Parameters
        ----------
        titles : sequence of str
            Cleaned.

        Returns
        -------
        list of list of str
            The other words, and plus signs.
        """
        return [
            [word for word in _WORD_OR_PLUS.findall(title) if word.replace("ё", "е") not in self._words]
            for title in titles
        ]

    @functools.cached_property
    def _words(self) -> frozenset[str]:
        phrases = [alias.text.split(" ") for alias in self.aliases["title"].aliases if alias.precision >= SPEAKING]
        return frozenset(word.replace("ё", "е") for words in (self.lexicon.tokens(), *phrases) for word in words)

    def to_json(self) -> dict[str, Any]:
        """Return plain data that `json.dumps` takes and `from_json` reads."""
        return {
            "lexicon": self.lexicon.to_json(),
            "aliases": {field: mined.to_json() for field, mined in self.aliases.items()},
            "projects": self.projects,
            "known": sorted(self.known),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Names:
        """Read what `to_json` returned."""
        aliases = {field: MinedAliases.from_json(mined) for field, mined in data["aliases"].items()}
        return cls(Lexicon.from_json(data["lexicon"]), aliases, data["projects"], data["known"])
