"""The folder that decisions of shards go to, on the disk or elsewhere, and the manifest that tells which are done.

`_manifest.json` is replaced as shards are done, and a shard stands in it only once its file is whole. It holds a seal
of itself, see `smf_embed.files`:

    source     the folder that all shards are in; one output is of one source
    deciders   key → catalogue, generation and its token, encoder, model and options that shards were decided by
    shards     name of the shard → its size, mark and SHA-256 as it was read; the key of its decider; the file that
               holds its decisions, its bytes and SHA-256; counts of rows
    unread     name of the shard → why it could not be read; its earlier decisions stay, unless it is another by now
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock

from smf_embed.bulk.shards import SUFFIXES, Shard, digest, file_system, place_of
from smf_embed.errors import InputError
from smf_embed.files import read_sealed_json, replace_atomically, write_sealed_json

# who reads a folder as one table leaves out names that begin so; before, they were called otherwise
MANIFEST = "_manifest.json"
_EARLIER_MANIFEST = "manifest.json"
_LOCK = ".writer.lock"
_FORMAT = 1
# the time between two writes of the manifest, as a multiple of what one takes
_PAUSE = 20
# as smf_embed.files.replace_atomically names files before they are whole
_HALF_MADE = re.compile(r"\..+\.[0-9a-f]{8}\.(parquet|csv|json)")


def decision_files(shard: str) -> tuple[str, str]:
    """Return the names of the files for the decisions of a shard of this name, and for its rejected rows."""
    # of "2024.01", what is behind the dot is no suffix
    name = shard.removesuffix(next((shard[-len(end) :] for end in SUFFIXES if shard.lower().endswith(end)), ""))
    folder, slash, last = name.rpartition("/")
    return f"{name}.parquet", f"{folder}{slash}_{last}.rejected.csv"


class OutputFolder:
    """A folder to write to.

    Parameters
    ----------
    address : str
        A path, or an address that fsspec knows.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._system, self.root = file_system(address)
        self.is_local = "://" not in address

    @contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """Yield a path to write a file to; it is put in its place when it is whole."""
        if self.is_local:
            with replace_atomically(Path(self.root) / name) as temporary:
                yield temporary
            return
        with tempfile.TemporaryDirectory(prefix="smf-embed-") as folder:
            temporary = Path(folder) / Path(name).name
            yield temporary
            self._system.makedirs(f"{self.root}/{name}".rpartition("/")[0], exist_ok=True)
            self._system.put_file(str(temporary), f"{self.root}/{name}")

    def size(self, name: str) -> int | None:
        """Return the bytes of a file, None where there is none."""
        try:
            return int(self._system.info(f"{self.root}/{name}")["size"])
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self._system.rm_file(f"{self.root}/{name}")

    def is_empty(self) -> bool:
        """Tell whether there is nothing but hidden files."""
        return not any(
            not name.rpartition("/")[2].startswith(".")
            for name in (self._system.ls(self.root, detail=False) if self._system.isdir(self.root) else ())
        )

    def is_in(self, folder: str) -> bool:
        """Tell whether it is a folder, or lies in it."""
        return _lies_in(self.address, folder)

    def has(self, address: str) -> bool:
        """Tell whether a folder is it, or lies in it."""
        return _lies_in(address, self.address)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep other runs out of a folder on the disk, and clear away what killed ones left.

        Raises
        ------
        InputError
            When another process writes to it.
        """
        if not self.is_local:
            yield
            return
        folder = Path(self.root)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with filelock.FileLock(folder / _LOCK, timeout=0):
                for path in folder.rglob(".*"):
                    if _HALF_MADE.fullmatch(path.name):
                        path.unlink(missing_ok=True)
                yield
        except filelock.Timeout:
            raise InputError(f"{self.address}: another run writes there; try again when it is done") from None

    def read_json(self, name: str) -> dict[str, Any] | None:
        """Return what a sealed file of JSON holds, None where there is none or it is damaged."""
        if self.is_local:
            return read_sealed_json(Path(self.root) / name)
        with tempfile.TemporaryDirectory(prefix="smf-embed-") as folder:
            try:
                self._system.get_file(f"{self.root}/{name}", f"{folder}/{name}")
            except FileNotFoundError:
                return None
            return read_sealed_json(Path(folder) / name)


def _lies_in(address: str, folder: str) -> bool:
    return f"{place_of(address)}/".startswith(f"{place_of(folder).rstrip('/')}/")


class Manifest:
    """Which shards are done; read when made, written by `save`.

    Parameters
    ----------
    folder : OutputFolder
    decider : dict
        What shards are decided by now: JSON.
    source : str
        The folder that they are all in.

    Raises
    ------
    InputError
        The folder holds other files and no manifest, a damaged one, or decisions of another source.
    """

    def __init__(self, folder: OutputFolder, decider: dict[str, Any], source: str) -> None:
        self._folder = folder
        self.key = hashlib.sha256(json.dumps(decider, sort_keys=True).encode()).hexdigest()[:12]
        found = folder.read_json(MANIFEST)
        if found is None and folder.size(MANIFEST) is not None:
            raise InputError(
                f"{folder.address}/{MANIFEST}: is damaged; name another folder, or remove this one with all that is in "
                "it, to have all shards decided again"
            )
        if found is None and folder.size(_EARLIER_MANIFEST) is not None:
            raise InputError(f"{folder.address}: was written by an earlier version of smf-embed; name another folder")
        if found is None and not folder.is_empty():
            raise InputError(f"{folder.address}: holds files, but no {MANIFEST} of an earlier run; name another folder")
        if found is not None and found.get("format") != _FORMAT:
            raise InputError(f"{folder.address}/{MANIFEST}: is of another version of smf-embed; name another folder")
        self._source = place_of(source)
        found = found or {"source": self._source, "deciders": {}, "shards": {}}
        if found["source"] != self._source:
            raise InputError(
                f"{folder.address}: holds decisions of the tables in {found['source']}, and those of {self._source} "
                "might take their names; name another folder for them"
            )
        self._deciders: dict[str, Any] = found["deciders"] | {self.key: decider}
        self.shards: dict[str, dict[str, Any]] = found["shards"]
        self.unread: dict[str, str] = {}
        self._next_save = 0.0

    def reason_to_decide(self, shard: Shard) -> str:
        """Return why a shard has to be decided, empty where it is done.

        A shard of the same size that was touched is read, and is done if it is still the same to the byte.
        """
        done = self.shards.get(shard.name)
        if done is None:
            return "new"
        if done["decided_by"] != self.key:
            return "decided by another model or catalogue, or with other options"
        if self._folder.size(done["file"]) != done["file_bytes"]:
            return "its decisions are gone"
        if done["bytes"] != shard.size:
            return "changed"
        if (not shard.mark or done["mark"] != shard.mark) and digest(shard) != done["sha256"]:
            return "changed"
        done["mark"] = shard.mark
        return ""

    def note(self, shard: Shard, result: dict[str, Any]) -> None:
        """Take down that a shard is done, or why it could not be read.

        The manifest is written, unless that took more than a twentieth of the time until now: it grows with the shards.
        """
        if "unread" in result:
            self.unread[shard.name] = result["unread"]
            before = self.shards.get(shard.name)
            # decisions of what the shard was once go; where nothing is known of what it is now, they may still be right
            if before and result.get("sha256", before["sha256"]) != before["sha256"]:
                del self.shards[shard.name]
                for file in (before["file"], decision_files(shard.name)[1]):
                    self._folder.remove(file)
        else:
            self.shards[shard.name] = {"bytes": shard.size, "mark": shard.mark, "decided_by": self.key} | result
        if time.monotonic() >= self._next_save:
            self.save()

    def save(self) -> None:
        """Write the manifest, in one step."""
        started = time.monotonic()
        used = {done["decided_by"] for done in self.shards.values()}
        value = {
            "format": _FORMAT,
            "source": self._source,
            "deciders": {key: facts for key, facts in self._deciders.items() if key in used | {self.key}},
            "shards": dict(sorted(self.shards.items())),
            "unread": dict(sorted(self.unread.items())),
        }
        with self._folder.replacing(MANIFEST) as temporary:
            write_sealed_json(temporary, value)
        ended = time.monotonic()
        self._next_save = ended + _PAUSE * (ended - started)
