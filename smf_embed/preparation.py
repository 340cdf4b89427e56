"""From the raw texts of a clip to those that are encoded and matched: no boilerplate, cleaned, typos corrected.

What is learned from the clips on the way (words, boilerplate of channels) is kept in the catalogue. A stored clip keeps
the texts that it was prepared with until one of its own fields changes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from smf_embed.boilerplate import Boilerplate
from smf_embed.clips import LABEL, SUBTITLES, TEXT_FIELDS, TITLE
from smf_embed.lexicon import Lexicon
from smf_embed.text import clean
from smf_embed.typos import Change, Corrected, Corrector, WordCounts

#: What the prepared texts of a clip depend on, besides what was learned.
RAW_KEYS = (*TEXT_FIELDS.values(), "yt_channel_id", "yt_channel_name")


@dataclass(frozen=True)
class PreparedTexts:
    """The texts of one clip, ready to be encoded and matched.

    Attributes
    ----------
    texts : dict of field → str
        Empty where missing.
    corrections : tuple of Change
        Of the title, with positions in the cleaned title. Descriptions are written with more care, and their pairs of
        words would make the dictionary ten times as large.
    dropped : tuple of str
        Boilerplate of the channel that was left out of the description.
    """

    texts: dict[str, str]
    corrections: tuple[Change, ...]
    dropped: tuple[str, ...]


class Preparation:
    """Prepares texts with what has been learned.

    Parameters
    ----------
    words : WordCounts
        Of cleaned titles.
    boilerplate : Boilerplate
        Of raw descriptions, by channel.
    lexicon : Lexicon
        Its names are never changed, and preferred to other words.
    projects : iterable of str
        The names that are in these labels, likewise.
    """

    def __init__(
        self, words: WordCounts, boilerplate: Boilerplate, lexicon: Lexicon, projects: Iterable[str] = ()
    ) -> None:
        self.words = words
        self.boilerplate = boilerplate
        self._lexicon = lexicon
        self._projects = set(projects)

    @functools.cached_property
    def _corrector(self) -> Corrector:
        given, labels = self._lexicon.entries, Lexicon.from_labels(sorted(self._projects)).entries
        return Corrector(self.words, [entry.key for entry in (*given, *labels)])

    def learn(self, clips: Sequence[dict[str, Any]]) -> WordCounts:
        """Learn words and boilerplate from new clips; return the words of these clips alone."""
        words = count_words(clips)
        self.words.add(words)
        self._projects.update(clip[LABEL] for clip in clips if clip[LABEL] is not None)
        self.boilerplate.update([clip["description"] for clip in clips], [channel_of(clip) for clip in clips])
        self.__dict__.pop("_corrector", None)  # it is made of the words anew when the next text is prepared
        return words

    def expect(self, clips: Sequence[dict[str, Any]]) -> None:
        """Get ready to prepare clips, which saves many questions to a server."""
        if self.words.asks_ahead:
            self.words.expect(clean(clip[TITLE]) for clip in clips if clip[TITLE])

    def prepare(self, clip: dict[str, Any]) -> PreparedTexts:
        """Prepare the texts of a clip.

        Parameters
        ----------
        clip : dict
            With the keys `smf_embed.clips.CLIP_FIELDS`.
        """
        title, description = clip[TITLE], clip["description"]
        dropped: tuple[str, ...] = ()
        if description:
            description, dropped = self.boilerplate.strip(description, channel_of(clip), title)
        corrected = self.prepare_title(title)
        texts = {
            "title": corrected.text,
            "description": clean(description) if description else "",
            "subtitles": clean(clip[SUBTITLES]) if clip[SUBTITLES] else "",
        }
        return PreparedTexts(texts, corrected.changes, dropped)

    def prepare_title(self, title: str | None) -> Corrected:
        """Clean a title and correct its typos."""
        return self._corrector.correct(clean(title)) if title else Corrected("")


def count_words(clips: Sequence[dict[str, Any]]) -> WordCounts:
    """Count the words of the clips' titles."""
    words = WordCounts()
    words.update(clean(clip[TITLE]) for clip in clips if clip[TITLE])
    return words


def channel_of(clip: dict[str, Any]) -> str:
    """Return the channel's id, or its name where there is no id; empty where both are missing."""
    return clip["yt_channel_id"] or clip["yt_channel_name"] or ""
