"""What is known of the clips that have a text, kept beside its vector where it is searched away from the catalogue.

A text may be that of several clips, of several projects and channels. Its facts are those of all its clips together,
each kind in a list of its own: that is enough for every filter of one condition, and of several conditions it lets
through too many texts and never too few, which whoever asks can tell by the clips.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from smf_embed.catalogue import Catalogue
from smf_embed.vector_store import rows_in

#: The most names that a list holds, and the longest in bytes of UTF-8; Milvus sets an end to both.
MOST_NAMES, LONGEST_NAME = 1024, 512


@dataclass(frozen=True)
class VectorFacts:
    """The facts of the clips of one text.

    Attributes
    ----------
    text : str
        Digest of the text, 32 hexadecimal digits.
    projects, channels, languages : tuple of str
        Sorted; channels by id and by name. See `as_name`.
    labelled : bool
        Whether any of the clips has a label.
    crowded : bool
        A list was too long, so all are empty, and the text passes every filter.
    """

    text: str
    projects: tuple[str, ...]
    channels: tuple[str, ...]
    languages: tuple[str, ...]
    labelled: bool
    crowded: bool

    @property
    def check(self) -> int:
        """A number of 63 bits that tells these facts from others."""
        whole = json.dumps([*vars(self).values()], ensure_ascii=False).encode("utf-8")
        return int.from_bytes(hashlib.blake2b(whole, digest_size=8).digest(), "big") >> 1


def facts_of(catalogue: Catalogue, field: str, keys: np.ndarray) -> list[VectorFacts]:
    """Return the facts of the texts with these keys, in their order; each must be that of a clip."""
    name = f"{field}_vector"
    statement = f"SELECT DISTINCT {name}, project, yt_channel_id, yt_channel_name, language FROM clips WHERE {name}"
    rows = sorted(rows_in(catalogue.database.sql, statement, keys.tolist()), key=lambda row: row[0])
    digests = catalogue.store.digests(keys.tolist())
    found = {}
    for key, clips in groupby(rows, key=lambda row: row[0]):
        project, channel_id, channel_name, language = (set(column) for column in list(zip(*clips, strict=True))[1:])
        lists = [_names(values) for values in (project, channel_id | channel_name, language)]
        crowded = any(len(names) > MOST_NAMES for names in lists)
        projects, channels, languages = [()] * 3 if crowded else lists
        found[key] = VectorFacts(digests[key].hex(), projects, channels, languages, project != {None}, crowded)
    return [found[key] for key in keys.tolist()]


def _names(values: set[str | None]) -> tuple[str, ...]:
    return tuple(sorted(as_name(value) for value in values if value is not None))


def as_name(value: str) -> str:
    """Return a name as it stands in a list: itself, or a digest of one that is too long."""
    encoded = value.encode("utf-8")
    return value if len(encoded) <= LONGEST_NAME else f"blake2:{hashlib.blake2b(encoded, digest_size=16).hexdigest()}"
