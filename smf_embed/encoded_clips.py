"""Clips as the decision sees them: cleaned texts, vectors, channel and numbers, as arrays side by side."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from smf_embed.clips import ID
from smf_embed.lexical import hashed_counts
from smf_embed.preparation import TEXT_FIELDS, channel_of
from smf_embed.title_forms import title_forms
from smf_embed.title_parts import PartCounts

#: The numbers of a clip, in the order of `EncodedClips.numbers`.
NUMBERS = {
    "log_seconds": "natural logarithm of 1 + the duration in seconds; missing where that is missing or zero",
    "seconds_missing": "1 when the duration is missing, 2 when it is zero (the clip was gone when asked), else 0",
    "is_shorts": "1 for a vertical clip of 60 s at most, else 0",
    "is_live": "1 for a live or announced broadcast, else 0",
    "flag_closed": "1 when the channel is closed, else 0",
    "international": "1 for a foreign-language channel, else 0",
    "title_length": "characters of the cleaned title",
    "description_length": "characters of the cleaned description",
    "corrections": "typos that were corrected in the title",
}

#: Arrays of `EncodedClips` that are worked out once.
_ARRAYS = ("ids", "channels", "channel_names", "numbers", "title_forms")
_NO_WORD = re.compile(r"[\W_]+")


class EncodedClips:
    """Some clips and their vectors, row by row; the rest is worked out when it is first asked for.

    Parameters
    ----------
    clips : sequence of dict
        Clips with the keys `smf_embed.clips.CLIP_FIELDS`, and those that `smf_embed.catalogue.Catalogue` adds:
        `title_text`, `description_text`, `subtitles_text`, `corrections`, and of stored clips `title_vector` and so on,
        the keys of the vectors, alike where texts are.
    vectors : dict of field → ndarray, shape (n, dimension), float32
        Unit length; rows of clips without a text are zero.
    """

    def __init__(self, clips: Sequence[dict[str, Any]], vectors: dict[str, np.ndarray]) -> None:
        self.clips = clips
        self.vectors = vectors

    def __len__(self) -> int:
        return len(self.clips)

    @functools.cached_property
    def ids(self) -> np.ndarray:
        """Ids, object, shape (n,)."""
        return _objects(clip[ID] for clip in self.clips)

    @functools.cached_property
    def texts(self) -> dict[str, list[str]]:
        """Field → prepared texts; empty where missing."""
        return {field: [clip[f"{field}_text"] or "" for clip in self.clips] for field in TEXT_FIELDS}

    @functools.cached_property
    def channels(self) -> np.ndarray:
        """Channel ids, or names where there is no id, object, shape (n,); empty where both are missing."""
        return _objects(channel_of(clip) for clip in self.clips)

    @functools.cached_property
    def channel_names(self) -> np.ndarray:
        """Names of the channels, object, shape (n,); empty where missing."""
        return _objects(clip["yt_channel_name"] or "" for clip in self.clips)

    @functools.cached_property
    def numbers(self) -> np.ndarray:
        """The columns `NUMBERS`, float32, shape (n, len(NUMBERS)); NaN where missing."""

        def column(key: str) -> np.ndarray:
            return np.array([np.nan if clip[key] is None else clip[key] for clip in self.clips], dtype=np.float64)

        seconds = column("seconds")
        broadcast = [clip["broadcast"] for clip in self.clips]
        columns = {
            "log_seconds": np.log1p(np.where(seconds > 0, seconds, np.nan)),
            "seconds_missing": np.where(np.isnan(seconds), 1.0, np.where(seconds == 0, 2.0, 0.0)),
            "is_shorts": column("is_shorts"),
            "is_live": np.array([np.nan if kind is None else float(kind != "none") for kind in broadcast]),
            "flag_closed": column("flag_closed"),
            "international": column("international"),
            "title_length": np.array([len(text) for text in self.texts["title"]], dtype=np.float64),
            "description_length": np.array([len(text) for text in self.texts["description"]], dtype=np.float64),
            "corrections": np.array([len(json.loads(clip["corrections"] or "[]")) for clip in self.clips]),
        }
        return np.column_stack([columns[name] for name in NUMBERS]).astype(np.float32)

    @functools.cached_property
    def n_grams(self) -> dict[str, sp.csr_matrix]:
        """Field → hashed n-grams of the prepared texts; see `smf_embed.lexical.hashed_counts`."""
        return {field: hashed_counts(field, self.texts[field]) for field in TEXT_FIELDS}

    @functools.cached_property
    def title_forms(self) -> np.ndarray:
        """How the titles are built, float32, shape (n, 4); see `smf_embed.title_forms.title_forms`."""
        return title_forms(self.texts["title"])

    @functools.cached_property
    def title_parts(self) -> PartCounts:
        """Letters of the parts of titles."""
        return PartCounts.of(self.texts["title"])

    def present(self, field: str) -> np.ndarray:
        """Return which clips have a text in `field`, bool, shape (n,)."""
        return np.asarray(self.vectors[field].any(axis=1))

    @functools.cached_property
    def filled(self) -> frozenset[str]:
        """The fields that some clip has a vector in."""
        return frozenset(field for field, array in self.vectors.items() if array.any())

    def near_duplicate_keys(self) -> list[str]:
        """Return a key for each clip that it shares with its near-duplicates and with no other clip.

        Near-duplicates are clips whose prepared texts have the same words, whatever the punctuation
        and decoration. What is learned from a clip must not see them.
        """
        keys = []
        for clip, *texts in zip(self.ids, *(self.texts[field] for field in TEXT_FIELDS), strict=True):
            words = "\n".join(_NO_WORD.sub(" ", text).strip() for text in texts)
            # clips without any word have nothing in common but that
            keys.append(words if words.strip() else f"\0{clip}")
        return keys

    def part(self, rows: np.ndarray | slice) -> EncodedClips:
        """Return the clips of these rows."""
        chosen = np.arange(len(self))[rows]
        listed = chosen.tolist()
        # zeros that nobody writes to take no memory, a copy of them does
        vectors = {
            field: array[rows] if field in self.filled else np.zeros((len(chosen), array.shape[1]), array.dtype)
            for field, array in self.vectors.items()
        }
        part = EncodedClips([self.clips[row] for row in listed], vectors)
        # what is worked out already need not be worked out again
        done = self.__dict__
        part.__dict__ |= {name: done[name][chosen] for name in _ARRAYS if name in done}
        if "texts" in done:
            part.texts = {field: [column[row] for row in listed] for field, column in self.texts.items()}
        if "n_grams" in done:
            part.n_grams = {field: counts[chosen] for field, counts in self.n_grams.items()}
        if "title_parts" in done:
            part.title_parts = self.title_parts.part(chosen)
        return part


def _objects(values: Iterable[Any]) -> np.ndarray:
    listed = list(values)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def text_digest(text: str) -> bytes:
    """Return the 16-byte BLAKE2 digest of a cleaned text, under which its vector is kept."""
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest()
