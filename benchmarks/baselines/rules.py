"""Names in titles alone: the studio's filters, and the package's own lexicon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from smf_embed.clips import LABEL, NONE, TITLE
from smf_embed.lexicon import ANY_CHANNEL, Lexicon, project_identity, tokenize
from smf_embed.matching import LexiconMatcher, Matches
from smf_embed.scripts import general_words
from smf_embed.text import clean

from .tables import labelled, objects, texts


class SubstringRules:
    """A rule table by the habits of the studio's filters.

    A key counts wherever the lower-case title contains it; the first one found is removed before the next is sought;
    a title of two projects is a compilation and so none.

    Parameters
    ----------
    rules : Path, optional
        CSV key;project;channel, read in its order and before the names in the labels. Its project may be one that is
        not tracked: the clip is none, but the key is found and takes its place.
    """

    def __init__(self, rules: Path | None = None) -> None:
        self.table = rules
        self.rules: list[tuple[str, str, str]] = []

    def fit(self, train: pd.DataFrame) -> None:
        """Read the rule table and the names in the labels."""
        projects = sorted(set(labelled(train)[LABEL]) - {NONE})
        tracked = {project_identity(project): project for project in projects}
        if self.table is not None:
            given = pd.read_csv(self.table, sep=";", dtype=str, keep_default_na=False)
            channels = given["channel"] if "channel" in given else [ANY_CHANNEL] * len(given)
            self.rules = [
                (_folded(key), tracked.get(project_identity(project), project), _folded(channel.strip()))
                for key, project, channel in zip(given["key"], given["project"], channels, strict=True)
                if key
            ]
        names = sorted(Lexicon.from_labels(projects), key=lambda entry: (-len(entry.key), entry.key))
        self.rules += [(_folded(entry.key), entry.project, ANY_CHANNEL) for entry in names]
        self.tracked = {*projects}

    def predict(self, clips: pd.DataFrame) -> np.ndarray:
        """Return the one project whose keys a title contains, else none."""
        channels = texts(clips, "yt_channel_name") if "yt_channel_name" in clips else [""] * len(clips)
        found = [
            self._decide(_folded(title), _folded(channel))
            for title, channel in zip(texts(clips, TITLE), channels, strict=True)
        ]
        return objects(found)

    def _decide(self, title: str, channel: str) -> str:
        found = set()
        for key, project, where in self.rules:
            if key in title and where in ("", ANY_CHANNEL, channel):
                title = title.replace(key, " ")
                found.add(project)
        return found.pop() if len(found) == 1 and found <= self.tracked else NONE

    def size_in_bytes(self) -> int:
        """Return the letters of the rules."""
        return sum(len(part.encode()) for rule in self.rules for part in rule)


class LexiconRules:
    """The names in the labels, matched by `smf_embed.matching`; two projects are a compilation and so none."""

    def fit(self, train: pd.DataFrame) -> None:
        """Read the names in the labels."""
        self.projects = [NONE, *sorted(set(labelled(train)[LABEL]) - {NONE})]
        self.lexicon = Lexicon.from_labels(self.projects)
        titles = {clean(title) for title in texts(train, TITLE)}
        self.matcher = LexiconMatcher(self.lexicon, self.projects, known_words(titles))

    def predict(self, clips: pd.DataFrame) -> np.ndarray:
        """Return the one project that a title names, else none."""
        return objects(self.projects)[only_project(self.matcher.match([clean(title) for title in texts(clips, TITLE)]))]

    def size_in_bytes(self) -> int:
        """Return the letters of the names."""
        return sum(len(entry.key.encode()) + len(entry.project.encode()) for entry in self.lexicon)


def _folded(text: str) -> str:
    """Return lower case without ё, of keys and of what they are sought in alike."""
    return text.lower().replace("ё", "е")


def known_words(titles: Iterable[str], general: bool = True) -> set[str]:
    """Return the words that are no misspelt names: those of three distinct titles or more, and those of languages."""
    counts = Counter(word for title in titles for word in set(tokenize(title)))
    often = {word for word, count in counts.items() if count >= 3}
    return often | general_words("latin") | general_words("cyrillic") if general else often


def only_project(matches: Matches) -> np.ndarray:
    """Return the number of the one project that each text names, else 0."""
    decided = np.zeros(len(matches.named), dtype=int)
    decided[matches.clips] = matches.projects
    decided[matches.named != 1] = 0
    return decided
