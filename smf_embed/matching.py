"""Finding the names of a lexicon in titles: which projects a text names, how exactly, and where."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from smf_embed.clips import NONE
from smf_embed.lexicon import SOURCES, WORD, Entry, Lexicon, is_unspaced, project_identity, tokenize
from smf_embed.token_readings import MatchKind, Reading, Slot, TokenReader

# words that come and go between the words of a name: «Grizzy & Lemmings», «Grizzy and the Lemmings»
_CONNECTORS = {"и", "й", "та", "і", "i", "y", "e", "a", "and", "the", "und", "et", "en", "og", "och", "ve", "și", "ja"}
# shorter mined phrases are often words of the language: their other forms are nobody's name
_LONG_MINED = 9
_SHORTEST_GLUED = 6
_SHORTEST_HEAD = 3
_MOST_GLUED = 4
_MOST_SKIPPED = 2
_LONGEST_CONNECTOR = 3
_GLUED_QUALITY = 0.95


class _Name(NamedTuple):
    """An entry, ready to be found; `project` counts on behind the tracked ones for projects that are not tracked."""

    project: int
    channel: int
    slots: tuple[int, ...]
    letters: int
    glued: bool
    connected: bool
    order: tuple[int, int, str, str]


class _Found(NamedTuple):
    start: int
    end: int
    name: _Name
    kind: MatchKind
    quality: float


@dataclass(frozen=True)
class Matches:
    """The projects that some texts name, a row for each found (clip, project), sorted by both.

    Attributes
    ----------
    clips, projects : ndarray of int, shape (n_found,)
        Row of the clip and number of the project.
    kinds : ndarray of int8, shape (n_found,)
        `MatchKind` of the best place where the project is named; the other columns are of that place.
    qualities : ndarray of float32, shape (n_found,)
        0 to 1: the share of the name that is there; 1 is word by word.
    starts, ends : ndarray of float32, shape (n_found,)
        0 to 1: where the name begins and ends, as shares of the text's length.
    lengths : ndarray of int, shape (n_found,)
        Letters of the key.
    named : ndarray of int, shape (n_clips,)
        Different projects that the text names, those that are not tracked, too.
    n_projects : int
    """

    clips: np.ndarray
    projects: np.ndarray
    kinds: np.ndarray
    qualities: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    lengths: np.ndarray
    named: np.ndarray
    n_projects: int

    def __len__(self) -> int:
        return len(self.clips)

    def dense(self) -> dict[str, np.ndarray]:
        """Return the matches as arrays by clip and project.

        Returns
        -------
        dict of str → ndarray, float32
            `quality`, `kind` and `position` (where the name begins), shape (n_clips, n_projects), 0 where the project
            is not named, but `position` NaN; `named`, shape (n_clips,).
        """
        result = {"named": self.named.astype(np.float32)}
        for name, values in (("quality", self.qualities), ("kind", self.kinds), ("position", self.starts)):
            shape = (len(self.named), self.n_projects)
            array = np.full(shape, np.nan if name == "position" else 0.0, dtype=np.float32)
            array[self.clips, self.projects] = values
            result[name] = array
        return result


class LexiconMatcher:
    """Finds the names of a lexicon in texts.

    The names that fit are taken one by one, the longest first, and each takes its place in the text with it: in
    «ну погоди каникулы» there is no «ну погоди» any more. A name that holds on one channel goes before the same name
    that holds on all.

    Parameters
    ----------
    lexicon : Lexicon
    projects : sequence of str
        The tracked projects, `none` among them or not; their places are the project numbers. A project of the lexicon
        is one of them when `project_identity` says so.
    known : collection of str, optional
        Words of the language and of the corpus: they are no misspelt names. Without them `blue` is a typo of «Bluey».
        Best are those of `smf_embed.scripts.general_words` and those that several titles have.

    Examples
    --------
    >>> lexicon = Lexicon([Entry("лесной патруль", "Лесной патруль"), Entry("буба", "Буба")])
    >>> matches = LexiconMatcher(lexicon, ["none", "Лесной патруль", "Буба"]).match(["лесного патруля 5", "бубака"])
    >>> [(int(row), int(project), MatchKind(kind).name) for row, project, kind in
    ...  zip(matches.clips, matches.projects, matches.kinds)]
    [(0, 1, 'INFLECTED')]
    """

    def __init__(self, lexicon: Lexicon, projects: Sequence[str], known: Collection[str] = ()) -> None:
        self.n_projects = len(projects)
        number = {project_identity(name): row for row, name in reversed(list(enumerate(projects))) if name != NONE}
        exact = {name: row for row, name in enumerate(projects) if name != NONE}
        slots: dict[Slot, int] = {}
        self._channels: dict[str, int] = {}
        self._by_anchor: dict[int, list[tuple[_Name, int]]] = defaultdict(list)
        self._glued_heads: set[str] = set()
        self._glued: dict[int, list[_Name]] = defaultdict(list)
        self._unspaced: dict[str, list[_Name]] = defaultdict(list)
        for entry in lexicon.entries:
            identity = project_identity(entry.project)
            project = exact.get(entry.project, number.get(identity, -1))
            if project < 0:
                project = number.setdefault(identity, self.n_projects + len(number))
            channel = (
                1 + self._channels.setdefault(entry.channel.casefold(), len(self._channels)) if entry.channel else 0
            )
            self._add(entry, project, channel, slots)
        self._reader = TokenReader(list(slots), known)
        self._active: set[str] = set()
        self._learning = threading.Lock()
        longest_first = sorted(self._unspaced, key=lambda key: (-len(key), key))
        self._unspaced_keys = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def _add(self, entry: Entry, project: int, channel: int, slots: dict[Slot, int]) -> None:
        order = (-int(channel > 0), SOURCES.index(entry.source), entry.key, entry.project)
        tokens = tokenize(entry.key)
        letters = sum(map(len, tokens))
        if is_unspaced(entry.key):
            self._unspaced[entry.key].append(_Name(project, channel, (), letters, False, False, order))
            return
        inner = [token for token in tokens[1:-1] if token not in _CONNECTORS]
        tokens = [*tokens[:1], *inner, *tokens[1:][-1:]]
        alone, rule = len(tokens) == 1, entry.source == "table"
        long_words = sum(len(token) >= 4 for token in tokens)
        as_it_is = entry.source == "mined" and long_words < 2 and max(map(len, tokens)) < _LONG_MINED
        wanted = [
            Slot(
                token,
                alone,
                # rules leave out the capital of a name; with more words around, one letter more does no harm
                lead=0 if not rule or place else (1 if letters >= 5 else 0) + (1 if len(tokens) > 2 else 0),
                stem=rule and place == len(tokens) - 1 and len(token) >= 3,
                as_it_is=as_it_is,
            )
            for place, token in enumerate(tokens)
        ]
        numbers = tuple(slots.setdefault(slot, len(slots)) for slot in wanted)
        connected = any(token in _CONNECTORS for token in tokenize(entry.key)[1:-1])
        name = _Name(project, channel, numbers, letters, False, connected, order)
        anchors = sorted(range(len(tokens)), key=lambda place: (-len(tokens[place]), place))[:2]
        for anchor in anchors:
            if anchor == anchors[0] or len(tokens[anchor]) >= _SHORTEST_HEAD:
                self._by_anchor[numbers[anchor]].append((name, anchor))
        glued = "".join(tokenize(entry.key))
        if len(glued) >= _SHORTEST_GLUED:
            slot = slots.setdefault(Slot(glued, True, wanted[0].lead, wanted[-1].stem, as_it_is), len(slots))
            together = _Name(project, channel, (slot,), letters, True, False, order)
            self._glued[slot].append(together)
            if not alone:
                self._by_anchor[slot].append((together, 0))
            self._glued_heads.update(glued[:cut] for cut in range(_SHORTEST_HEAD, len(glued)))

    def match(self, titles: Sequence[str], channels: Sequence[str] = (), channel_names: Sequence[str] = ()) -> Matches:
        """Find the names in some texts.

        Parameters
        ----------
        titles : sequence of str
            Cleaned by `smf_embed.text.clean`.
        channels, channel_names : sequence of str, optional
            Of each text, for names that hold on one channel; either may be the id or the name.

        Returns
        -------
        Matches
        """
        bound = self._bound_channels(len(titles), channels, channel_names)
        pairs = list(zip(titles, bound, strict=True))
        distinct = list(dict.fromkeys(pairs))
        # as `lexicon_key` reads the keys
        texts = [" ".join(title.replace("ё", "е").replace("_", " ").split()) for title, _ in distinct]
        words = [WORD.findall(text) for text in texts]
        self._learn({word for row in words for word in row})
        found: dict[tuple[str, tuple[int, ...]], list[_Found]] = {}
        for pair, text, tokens in zip(distinct, texts, words, strict=True):
            spaced = [] if self._active.isdisjoint(tokens) else tokens
            unspaced = self._unspaced_keys is not None and not text.isascii() and self._unspaced_keys.search(text)
            if spaced or unspaced:
                names = _taken(self._candidates(text, spaced, pair[1]))
                if names:
                    found[pair] = names
        return self._gathered(pairs, found)

    def _bound_channels(self, n: int, *columns: Sequence[str]) -> list[tuple[int, ...]]:
        """Return the channels of each text that some name is bound to."""
        if not self._channels:
            return [()] * n
        filled = [column for column in columns if len(column)]
        get = self._channels.get
        memory: dict[str, int | None] = {}
        for column in filled:
            memory |= {name: get(name.strip().casefold()) for name in set(column) if name}
        rows = zip(*filled, strict=True) if filled else [()] * n
        bound = []
        for row in rows:
            numbers = {memory.get(name) for name in row} - {None}
            bound.append(tuple(sorted(1 + number for number in numbers if number is not None)))
        return bound

    def _learn(self, words: set[str]) -> None:
        """Read new words and note which of them a name may be found by."""
        anchors = self._by_anchor
        # one thread at a time: a word that another has begun to read is not known yet
        with self._learning:
            # sorted, since the words are read together: nothing may depend on the order of a set
            for word in self._reader.read(sorted(words)):
                if any(slot in anchors for slot in self._reader.readings(word)):
                    self._active.add(word)
            self._active |= words & self._glued_heads

    def _candidates(self, text: str, tokens: list[str], channels: tuple[int, ...]) -> list[_Found]:
        """Return all names that fit somewhere in a text; they may overlap."""
        found = []
        if self._unspaced_keys is not None:
            for match in self._unspaced_keys.finditer(text):
                for name in self._unspaced[match[0]]:
                    if not name.channel or name.channel in channels:
                        found.append(_Found(match.start(), match.end(), name, MatchKind.EXACT, 1.0))
        if not tokens:
            return found
        spans = [match.span() for match in WORD.finditer(text)]
        for place, token in enumerate(tokens):
            if token not in self._active:
                continue
            for slot, reading in self._reader.readings(token).items():
                for name, anchor in self._by_anchor.get(slot, ()):
                    if name.channel and name.channel not in channels:
                        continue
                    stretch = self._stretch(tokens, place, reading, name, anchor)
                    if stretch is not None:
                        first, last, kind, quality = stretch
                        found.append(_Found(spans[first][0], spans[last][1], name, kind, quality))
            if token in self._glued_heads:
                found += self._torn(tokens, spans, place, channels)
        return found

    def _stretch(
        self, tokens: list[str], place: int, reading: Reading, name: _Name, anchor: int
    ) -> tuple[int, int, MatchKind, float] | None:
        """Look for the other words of a name around the one that was found; return where and how the name stands."""
        reader = self._reader
        slots = name.slots
        kind, total = reading.kind, reading.quality * len(reader.slots[slots[anchor]].token)
        misspelt_beside = False
        ends = [place, place]
        for side, step, places in ((0, -1, range(anchor - 1, -1, -1)), (1, 1, range(anchor + 1, len(slots)))):
            at = place
            for slot in (slots[slot_place] for slot_place in places):
                at += step
                for skipped in range(_MOST_SKIPPED + 1):
                    if not 0 <= at < len(tokens):
                        return None
                    other = reader.readings(tokens[at]).get(slot)
                    if other is not None or skipped == _MOST_SKIPPED:
                        break
                    if tokens[at] not in _CONNECTORS:
                        # a short word where the name has «and» may be a misspelt one
                        if skipped or not name.connected or len(tokens[at]) > _LONGEST_CONNECTOR:
                            break
                        kind = min(kind, MatchKind.FUZZY)
                    at += step
                if other is None and not misspelt_beside and reading.kind >= MatchKind.INFLECTED:
                    other = reader.misspelt_beside(tokens[at], reader.slots[slot])
                    misspelt_beside = True
                if other is None:
                    return None
                kind = min(kind, other.kind)
                total += other.quality * len(reader.slots[slot].token)
            ends[side] = at
        letters = sum(len(reader.slots[slot].token) for slot in slots)
        return ends[0], ends[1], kind, total / letters * (_GLUED_QUALITY if name.glued else 1.0)

    def _torn(
        self, tokens: list[str], spans: list[tuple[int, int]], place: int, channels: tuple[int, ...]
    ) -> list[_Found]:
        """Find names that are written with more spaces than they have, `sponge bob`."""
        found = []
        joined = tokens[place]
        for last in range(place + 1, min(place + _MOST_GLUED, len(tokens))):
            joined += tokens[last]
            for slot, reading in self._reader.certain(joined).items():
                quality = reading.quality * _GLUED_QUALITY
                for name in self._glued.get(slot, ()):
                    if not name.channel or name.channel in channels:
                        found.append(_Found(spans[place][0], spans[last][1], name, reading.kind, quality))
            if joined not in self._glued_heads:
                break
        return found

    def _gathered(
        self, pairs: list[tuple[str, tuple[int, ...]]], found: dict[tuple[str, tuple[int, ...]], list[_Found]]
    ) -> Matches:
        named = np.zeros(len(pairs), dtype=np.int32)
        rows = []
        for clip, pair in enumerate(pairs):
            if pair not in found:
                continue
            best: dict[int, _Found] = {}
            for one in found[pair]:
                there = best.get(one.name.project)
                if there is None or (one.kind, one.quality, -one.start) > (there.kind, there.quality, -there.start):
                    best[one.name.project] = one
            named[clip] = len(best)
            size = len(pair[0])
            rows += [
                (clip, project, one.kind, one.quality, one.start / size, one.end / size, one.name.letters)
                for project, one in sorted(best.items())
                if project < self.n_projects
            ]
        table = np.array(rows, dtype=np.float64).reshape(-1, 7).T
        return Matches(
            clips=table[0].astype(np.int64),
            projects=table[1].astype(np.int64),
            kinds=table[2].astype(np.int8),
            qualities=table[3].astype(np.float32),
            starts=table[4].astype(np.float32),
            ends=table[5].astype(np.float32),
            lengths=table[6].astype(np.int64),
            named=named,
            n_projects=self.n_projects,
        )


def _taken(candidates: list[_Found]) -> list[_Found]:
    """Choose among names that overlap: the one of more letters goes first, one that fits better, the earlier."""
    if len(candidates) < 2:
        return candidates
    candidates.sort(key=lambda one: (-one.quality * one.name.letters, one.name.order, one.start, one.end))
    taken: list[_Found] = []
    for one in candidates:
        if all(one.end <= other.start or one.start >= other.end for other in taken):
            taken.append(one)
    return taken
