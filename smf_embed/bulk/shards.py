"""The shards of a large table: the files of a folder or of a glob, on the disk or at any address that fsspec knows."""

from __future__ import annotations

import glob
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from smf_embed.clip_tables import TableFile, iter_clips
from smf_embed.clips import BATCH_ROWS, ClipBatch
from smf_embed.errors import InputError, NoRowsError

SUFFIXES = (".parquet", ".csv")
WILDCARDS = "*?["
# what names begin with that are no tables
HIDDEN = (".", "_")
# what file systems call the time of the last change, or a mark that changes with the content
_MARKS = ("mtime", "ETag", "etag", "LastModified", "last_modified", "updated", "modified", "created")
_PIECE = 1 << 20


@dataclass(frozen=True)
class Shard:
    """One file of many.

    Attributes
    ----------
    name : str
        Its path below the folder that all are in, with slashes.
    address : str
        The path, or the address, that it is read from.
    size : int
        Bytes.
    mark : str
        What the file system says of its last change; empty where it says nothing.
    """

    name: str
    address: str
    size: int
    mark: str


def file_system(address: str) -> tuple[Any, str]:
    """Return the file system of fsspec that an address belongs to, and the path there.

    Raises
    ------
    InputError
        An address of a kind that fsspec does not know, that needs a package which is not installed, or that cannot be
        reached.
    """
    from fsspec.core import url_to_fs
    from fsspec.implementations.local import LocalFileSystem

    if "://" not in address:
        return LocalFileSystem(), str(Path(address).absolute())
    try:
        system, path = url_to_fs(address)
    except (ImportError, ValueError, TypeError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{address}: cannot be opened: {reason}") from error
    return system, str(path).rstrip("/")


def place_of(address: str) -> str:
    """Return what names a folder alike, however it was written: on the disk without links and `..`."""
    system, path = file_system(address)
    return os.path.realpath(path) if "://" not in address else str(system.unstrip_protocol(path))


def find_shards(source: str) -> tuple[str, list[Shard]]:
    """List the shards of a folder, with all folders in it, or of a glob.

    Files and folders whose names begin with a dot or an underscore are left out: other programs put their notes there.
    Of a folder, files that end in .parquet or .csv are taken; of a glob, all. Links on the disk are followed.

    Returns
    -------
    root : str
        The folder that all are in.
    shards : list of Shard
        By name.

    Raises
    ------
    InputError
        No such folder, or nothing in it; an address that does not say by itself where its files are; a folder
        that cannot be read, or a link to one that it lies in.
    """
    system, path = file_system(source)
    local = "://" not in source
    if system.isdir(path):
        root, found = path, _on_disk(_files_in(path)) if local else system.find(path, detail=True)
        found = {file: facts for file, facts in found.items() if file.lower().endswith(SUFFIXES)}
    elif any(c in path for c in WILDCARDS):
        fixed = path[: min(path.find(c) for c in WILDCARDS if c in path)]
        root = fixed.rpartition("/")[0]
        found = _on_disk(glob.iglob(path, recursive=True)) if local else system.glob(path, detail=True)
    elif system.exists(path):
        root = path.rpartition("/")[0]
        found = _on_disk([path]) if local else {path: system.info(path)}
    else:
        raise InputError(f"{source}: no such file or folder")
    shards = []
    for file, facts in sorted(found.items()):
        name = file[len(root) :].lstrip("/")
        if facts["type"] == "file" and not any(part.startswith(HIDDEN) for part in name.split("/")):
            mark = next((str(facts[key]) for key in _MARKS if facts.get(key) is not None), "")
            shards.append(Shard(name, file if local else system.unstrip_protocol(file), int(facts["size"] or 0), mark))
    if not shards:
        raise InputError(f"{source}: there is no {' or '.join(SUFFIXES)} file")
    if not local:
        _check_address(source, system, shards[0].address)
    return (root if local else system.unstrip_protocol(root)), shards


def _check_address(source: str, system: Any, address: str) -> None:
    """See that an address made from a path is opened as what it was made from, as a worker of Ray has to do."""
    with suppress(InputError):
        if file_system(address)[0] == system:
            return
    # fsspec leaves out hosts, and archives that files are in
    raise InputError(
        f"{source}: files of such an address cannot be named one by one; copy them to a folder, or to an address "
        "such as s3://BUCKET/FOLDER"
    )


def _files_in(folder: str, above: tuple[tuple[int, int], ...] = ()) -> Iterator[str]:
    """Yield the files of a folder on the disk, and of all in it; links are followed, as fsspec does not."""
    try:
        here = os.stat(folder)
        with os.scandir(folder) as entries:
            inside = [entry for entry in entries if not entry.name.startswith(HIDDEN)]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror}") from error
    if (here.st_dev, here.st_ino) in above:
        raise InputError(
            f"{folder}: is a link to a folder that it lies in, and would be read without an end; remove it"
        )
    for entry in inside:
        if entry.is_dir():
            yield from _files_in(entry.path, (*above, (here.st_dev, here.st_ino)))
        else:
            yield entry.path


def _on_disk(files: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return path → what `info` of fsspec says of files, of what links lead to where they are such."""
    found: dict[str, dict[str, Any]] = {}
    for file in files:
        try:
            facts = os.stat(file)
        except OSError:  # a link to nothing: it is a shard that cannot be read, and is told as such
            found[file] = {"type": "file", "size": 0}
        else:
            kind = "file" if stat.S_ISREG(facts.st_mode) else "other"
            found[file] = {"type": kind, "size": facts.st_size, "mtime": facts.st_mtime}
    return found


@contextmanager
def readable(shard: Shard) -> Iterator[TableFile]:
    """Yield a shard as a file on the disk; what is elsewhere is copied to a temporary one.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    if "://" not in shard.address:
        yield TableFile(Path(shard.address), shard.address)
        return
    with tempfile.TemporaryDirectory(prefix="smf-embed-") as folder:
        copy = Path(folder) / PurePosixPath(shard.name).name
        system, path = file_system(shard.address)
        try:
            system.get_file(path, str(copy))
        except OSError as error:
            raise InputError(f"{shard.address}: cannot be read: {error.strerror or error}") from error
        yield TableFile(copy, shard.address)


def iter_shard(
    table: TableFile, columns: Mapping[str, str] | None = None, batch_rows: int = BATCH_ROWS
) -> Iterator[ClipBatch]:
    """Read a shard as `smf_embed.clip_tables.iter_clips` does; one without rows, as some programs write, is none."""
    # a generator of its own: what is raised while a batch is worked on comes from elsewhere
    batches = iter_clips(table, columns, batch_rows)
    while True:
        try:
            batch = next(batches, None)
        except NoRowsError:
            return
        if batch is None:
            return
        yield batch


def digest(shard: Shard) -> str:
    """Return the SHA-256 of a shard as 64 hexadecimal digits, empty where it cannot be read."""
    system, path = file_system(shard.address)
    found = hashlib.sha256()
    try:
        with system.open(path, "rb") as stream:
            while piece := stream.read(_PIECE):
                found.update(piece)
    except OSError:
        return ""
    return found.hexdigest()
