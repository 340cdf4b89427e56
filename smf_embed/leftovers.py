"""What killed programs leave in a folder: half-made files, and snapshots of a kind of index that was given up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from smf_embed.clips import TEXT_FIELDS
from smf_embed.files import file_digest, read_sealed_json

_FIELDS = "|".join(TEXT_FIELDS)
# our own files alone, as smf_embed.files.replace_atomically names them before they are whole; a user may keep others
# here, or write a table here at this moment. SQLite keeps logs beside a file that it makes
_OWN = rf"catalogue(\.\w+|\.format-\d+)?|({_FIELDS})\..+|manifest|trees|arrays|names"
TEMPORARY = re.compile(rf"\.+({_OWN})\.[0-9a-f]{{8}}(\.\w+)?(-wal|-shm|-journal)?")
# a snapshot and its voucher; the kind is missing in names of version 0.1
SNAPSHOT = re.compile(rf"({_FIELDS})\.((?P<kind>.+)\.)?faiss(\.json)?")
_HALF_VOUCHER = re.compile(rf"\.((?:{_FIELDS})\..+\.faiss)\.[0-9a-f]{{8}}\.json")
# what must be equal for a snapshot to be of a catalogue at all
_BINDING = ("fingerprint", "catalogue_id")


def sweep(folder: Path, meta: Mapping[str, str] | None = None) -> None:
    """Remove what killed writers left in a catalogue's folder; whoever calls is the only writer.

    A snapshot that was put in its place when its voucher was not yet is given it; one without any goes.

    Parameters
    ----------
    folder : Path
    meta : mapping of str → str, optional
        What holds for the catalogue as a whole; snapshots of another kind of index, encoder or catalogue go.
    """
    for path in sorted(folder.iterdir()):
        if TEMPORARY.fullmatch(path.name) and path.is_file():
            half = _HALF_VOUCHER.fullmatch(path.name)
            with suppress(OSError):
                if half and vouches_for(path, folder / half[1]):
                    path.replace(folder / f"{half[1]}.json")
                else:
                    path.unlink()
    for path in sorted(folder.iterdir()):
        if SNAPSHOT.fullmatch(path.name) and path.suffix == ".faiss" and not _is_of_use(path, meta or {}):
            with suppress(OSError):
                path.unlink()
    for path in sorted(folder.iterdir()):
        if SNAPSHOT.fullmatch(path.name) and not path.with_name(path.name.removesuffix(".json")).exists():
            with suppress(OSError):
                path.unlink()


def _is_of_use(path: Path, meta: Mapping[str, str]) -> bool:
    """Tell whether a snapshot is, or was, one of the catalogue; not whether it is sound."""
    match = SNAPSHOT.fullmatch(path.name)
    voucher = path.with_name(f"{path.name}.json")
    if not match or not voucher.exists() or meta.get("index_kind", match["kind"]) != match["kind"]:
        return False
    facts = read_sealed_json(voucher)
    return facts is None or all(facts.get(key) == meta.get(key, facts.get(key)) for key in _BINDING)


def vouches_for(path: Path, snapshot: Path) -> bool:
    """Tell whether a voucher is of the snapshot as it is."""
    voucher = read_sealed_json(path)
    if voucher is None or not snapshot.exists() or voucher.get("bytes") != snapshot.stat().st_size:
        return False
    return bool(voucher.get("digest") == file_digest(snapshot))
