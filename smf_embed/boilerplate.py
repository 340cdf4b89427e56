"""Boilerplate: what a channel puts under nearly every clip (links, calls to subscribe, lists of its other series).

Found per channel, by counting, without labels: a description is cut into segments, and a segment that stands in at
least `SHARE` of the channel's distinct descriptions is boilerplate of that channel. The share is high on purpose. Seen
from one channel, shares have two humps: what stands under every clip lies above 0.6, while the blurb of a series, which
decides, stands under that series' clips alone and mostly lies below (figures: `benchmarks/boilerplate_removal.py`). Two
kinds of segments stay although they repeat: the only segment of a description, and one that shares a name with
the clip's own title, so that a channel of one series keeps its series' name.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from smf_embed.text import clean

#: Part of the version of the text steps: texts that were stripped in another way are other texts.
BOILERPLATE_VERSION = 1

SHARE = 0.6
LEAST = 3
MAX_ROWS = 1_000_000

#: Kinds of rows: how often a segment was seen; that a description was seen; how many were seen.
SEGMENT, DESCRIPTION, TOTAL = 0, 1, 2

# A segment ends where a match ends. Every repetition either cannot fail or is bounded: the time is linear in the text.
_END = re.compile(
    r"(?:https?://|www\.)\S*"
    r"|[\n\r\v\f\x85\u2028\u2029|;•·●■►▶▪]"
    r"|[\u2190-\u2bff\U0001f300-\U0001faff]"  # arrows, dingbats, emoji
    r"|[.!?…][\"'»”)]{0,2}(?=\s)"
    r"|[。！？]"
    r"|\s[-–—](?=\s)"
    r"|\s(?=#\w)",
    re.I,
)
_WORD = re.compile(r"\w+")
_SHORTEST_NAME = 4
_STEM = 5


class BoilerplateRow(NamedTuple):
    """A count, as it is kept in a table with the key (channel, kind, digest)."""

    channel: str
    kind: int
    digest: int
    seen: int


class Stripped(NamedTuple):
    """A description without its boilerplate, and the segments that were left out, in their order."""

    text: str
    dropped: tuple[str, ...]


@dataclass
class _Channel:
    descriptions: dict[int, None] = field(default_factory=dict)  # a dict, since it keeps the order of arrival
    segments: Counter[int] = field(default_factory=Counter)
    total: int = 0


class Boilerplate:
    """Counts of segments per channel, and the rule that they give.

    Parameters
    ----------
    share : float
        The share of a channel's distinct descriptions in which a segment must stand.
    least : int
        The number of distinct descriptions in which it must stand at least.
    max_rows : int
        Counts kept in memory, about 90 bytes each. When there are more, the rarest segments are forgotten, and then
        the oldest descriptions, so that one of them counts again if it comes again.
    track_changes : bool
        Remember which counts change, for `take_changes`.

    Examples
    --------
    >>> texts = [f"{story}. Подпишись на канал!" for story in ("Ёжик спит", "Лиса поёт", "Заяц рад")]
    >>> Boilerplate.learn(texts, ["channel"] * 3).strip("Волк бежит. Подпишись на канал!", "channel")
    Stripped(text='Волк бежит.', dropped=('Подпишись на канал!',))
    """

    def __init__(
        self, *, share: float = SHARE, least: int = LEAST, max_rows: int = MAX_ROWS, track_changes: bool = False
    ) -> None:
        self.share = share
        self.least = least
        self.max_rows = max_rows
        self.track_changes = track_changes
        self._channels: dict[str, _Channel] = {}
        self._rows = 0
        self._changed: set[tuple[str, int, int]] = set()

    def __len__(self) -> int:
        return self._rows

    def __repr__(self) -> str:
        return f"Boilerplate({len(self._channels)} channels, {self._rows} counts)"

    @classmethod
    def learn(
        cls,
        descriptions: Iterable[str | None],
        channels: Iterable[str | None],
        *,
        share: float = SHARE,
        least: int = LEAST,
        max_rows: int = MAX_ROWS,
    ) -> Boilerplate:
        """Count the segments of these descriptions; see `update` and the parameters of the class."""
        learned = cls(share=share, least=least, max_rows=max_rows)
        learned.update(descriptions, channels)
        return learned

    def update(self, descriptions: Iterable[str | None], channels: Iterable[str | None]) -> None:
        """Count more descriptions.

        Parameters
        ----------
        descriptions : iterable of str or None
            Raw descriptions. One that its channel has already is not counted again; a missing one is passed over.
        channels : iterable of str or None
            The channel of each; clips without one are passed over.
        """
        for description, channel in zip(descriptions, channels, strict=True):
            if not description or not channel or not description.strip():
                continue
            known = self._channels.setdefault(channel, _Channel())
            whole = _digest(" ".join(description.split()))
            self._fetch(channel, [whole], ())
            if whole in known.descriptions:
                continue
            keys = {key for key in map(segment_key, segments(description)) if key}
            self._fetch(channel, (), keys)
            known.descriptions[whole] = None
            known.total += 1
            # `keys - known.segments.keys()` would go through all segments of the channel
            self._rows += 1 + sum(key not in known.segments for key in keys) + (known.total == 1)
            known.segments.update(keys)
            self._note(channel, TOTAL, [0])
            self._note(channel, DESCRIPTION, [whole])
            self._note(channel, SEGMENT, keys)
            if self._rows > self.max_rows:
                self._forget()

    def strip(self, description: str, channel: str | None, title: str | None = None) -> Stripped:
        """Leave the channel's boilerplate out of a description.

        Parameters
        ----------
        description : str
            The raw description.
        channel : str or None
            Without a channel, or on one that is not known, nothing is dropped.
        title : str, optional
            The raw title of the clip. A repeated segment that shares a name with it stays.

        Returns
        -------
        Stripped
            The description itself when nothing is dropped; may be empty when all of it is boilerplate.
        """
        self._fetch(channel or "", (), ())
        known = self._channels.get(channel or "")
        if known is None or known.total < self.least:
            return Stripped(description, ())
        needed = max(self.least, self.share * known.total)
        pieces = segments(description)
        keys = [segment_key(piece) for piece in pieces]
        self._fetch(channel or "", (), {key for key in keys if key})
        repeated = [bool(key) and known.segments.get(key, 0) >= needed for key in keys]
        if not any(repeated) or sum(map(bool, keys)) < 2:
            return Stripped(description, ())
        names = _names(title) if title else frozenset()
        kept: list[str] = []
        dropped: list[str] = []
        for piece, is_repeated in zip(pieces, repeated, strict=True):
            if is_repeated and not (names and names & _names(piece)):
                dropped.append(piece.strip())
            else:
                kept.append(piece)
        return Stripped("".join(kept).strip(), tuple(dropped)) if dropped else Stripped(description, ())

    def boilerplate_of(self, channel: str) -> frozenset[int]:
        """Return the keys (see `segment_key`) of the segments that are boilerplate of a channel."""
        known = self._channels.get(channel, _Channel())
        needed = max(self.least, self.share * known.total)
        return frozenset(key for key, count in known.segments.items() if count >= needed)

    def to_rows(self) -> Iterator[BoilerplateRow]:
        """Yield all counts, for a table; `from_rows` reads them again."""
        for name, channel in self._channels.items():
            yield BoilerplateRow(name, TOTAL, 0, channel.total)
            for digest in channel.descriptions:
                yield BoilerplateRow(name, DESCRIPTION, digest, 1)
            for digest, count in channel.segments.items():
                yield BoilerplateRow(name, SEGMENT, digest, count)

    def take_changes(self) -> list[BoilerplateRow]:
        """Return the counts that changed since the last call, to be written over those in the table.

        A row that was seen 0 times was forgotten and is to be deleted. Only with `track_changes`.
        """
        rows = []
        for name, kind, digest in sorted(self._changed):
            channel = self._channels[name]
            if kind == SEGMENT:
                count = channel.segments.get(digest, 0)
            else:
                count = channel.total if kind == TOTAL else int(digest in channel.descriptions)
            rows.append(BoilerplateRow(name, kind, digest, count))
        self._changed.clear()
        return rows

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[tuple[str, int, int, int]],
        *,
        share: float = SHARE,
        least: int = LEAST,
        max_rows: int = MAX_ROWS,
        track_changes: bool = False,
    ) -> Boilerplate:
        """Make it again from the rows of `to_rows`, in any order; see the parameters of the class."""
        made = cls(share=share, least=least, max_rows=max_rows, track_changes=track_changes)
        for name, kind, digest, count in rows:
            channel = made._channels.setdefault(name, _Channel())
            if kind == SEGMENT:
                channel.segments[digest] = count
            elif kind == DESCRIPTION:
                channel.descriptions[digest] = None
            else:
                channel.total = count
            made._rows += 1
        if made._rows > made.max_rows:
            made._forget()
        return made

    def _note(self, channel: str, kind: int, digests: Iterable[int]) -> None:
        if self.track_changes:
            self._changed.update((channel, kind, digest) for digest in digests)

    def _fetch(self, channel: str, descriptions: Collection[int], segments: Collection[int]) -> None:
        """Get the counts of a channel that are asked for next; here all are there already."""

    def _forget(self) -> None:
        """Forget the rarest segments, then the oldest descriptions, until three quarters of the room are taken."""
        target = self.max_rows * 3 // 4
        rarest = 1
        while self._rows > target and any(channel.segments for channel in self._channels.values()):
            for name, channel in self._channels.items():
                # a channel's boilerplate is never forgotten for another's sake
                limit = min(rarest, max(self.least, self.share * channel.total) - 1)
                gone = [digest for digest, count in channel.segments.items() if count <= limit]
                for digest in gone:
                    del channel.segments[digest]
                self._note(name, SEGMENT, gone)
                self._rows -= len(gone)
            rarest *= 2
            if rarest > 2 * max(channel.total for channel in self._channels.values()):
                break
        if self._rows > target:
            for name, channel in self._channels.items():
                older = list(channel.descriptions)[: (len(channel.descriptions) + 1) // 2]
                for digest in older:
                    del channel.descriptions[digest]
                self._note(name, DESCRIPTION, older)
                self._rows -= len(older)


def segments(description: str) -> list[str]:
    """Cut a description at line and sentence ends, bullets, emoji, lone dashes, after links and before hashtags.

    Parameters
    ----------
    description : str

    Returns
    -------
    list of str
        Put together again, they are the description.

    Examples
    --------
    >>> segments("Буба ест. Подпишись | vk.com/buba")
    ['Буба ест.', ' Подпишись |', ' vk.com/buba']
    """
    pieces = []
    start = 0
    for match in _END.finditer(description):
        pieces.append(description[start : match.end()])
        start = match.end()
    pieces.append(description[start:])
    return [piece for piece in pieces if piece]


@functools.lru_cache(maxsize=1 << 14)
def segment_key(segment: str) -> int:
    """Return the digest under which a segment is counted; 0 where it has no words, as a bare link."""
    words = " ".join(_WORD.findall(clean(segment)))
    return _digest(words) if words else 0


def _digest(text: str) -> int:
    """64 bits as SQLite's signed integers."""
    raw = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "little", signed=True)


@functools.lru_cache(maxsize=1 << 12)
def _names(text: str) -> frozenset[str]:
    """Return the beginnings of the words that may be names, without the endings that case forms change."""
    return frozenset(
        word[:_STEM] for word in _WORD.findall(clean(text)) if len(word) >= _SHORTEST_NAME and not word.isdigit()
    )
