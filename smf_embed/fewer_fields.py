"""Clips of which less is known than is: so looks one that cannot be enriched, and trees must have seen how it looks."""

from __future__ import annotations

import numpy as np

from smf_embed.clips import NUMBER_COLUMNS
from smf_embed.encoded_clips import EncodedClips

_LONG_TEXTS = ("description", "subtitles")
_CHANNEL = ("yt_channel_id", "yt_channel_name")
_NUMBERS = (*NUMBER_COLUMNS, "broadcast")

#: What may be missing → the fields that are: long texts, columns.
KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "title alone": (_LONG_TEXTS, (*_CHANNEL, *_NUMBERS)),
    "without channel": ((), _CHANNEL),
    "without numbers": ((), _NUMBERS),
    "without description": (_LONG_TEXTS, ()),
}


def with_fewer_fields(clips: EncodedClips, kinds: np.ndarray) -> EncodedClips:
    """Return the clips as if some fields were missing.

    Parameters
    ----------
    clips : EncodedClips
    kinds : ndarray of int, shape (n,)
        What each clip lacks: a place in `KINDS`.
    """
    vectors = {field: array.copy() if field in _LONG_TEXTS else array for field, array in clips.vectors.items()}
    less = []
    for row, (clip, kind) in enumerate(zip(clips.clips, kinds.tolist(), strict=True)):
        texts, columns = list(KINDS.values())[kind]
        for field in texts:
            vectors[field][row] = 0.0
        less.append(clip | dict.fromkeys((*(f"{field}_text" for field in texts), *columns)))
    return EncodedClips(less, vectors)
