"""Snapshots of the index on disk, each with a voucher that tells what it is of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from smf_embed.catalogue import Catalogue
from smf_embed.clips import TEXT_FIELDS
from smf_embed.errors import InputError
from smf_embed.files import file_digest, read_sealed_json, replace_atomically, write_sealed_json
from smf_embed.leftovers import SNAPSHOT, sweep, vouches_for
from smf_embed.vector_index import VectorIndex


def snapshot_path(catalogue: Catalogue, field: str, kind: str | None = None) -> Path:
    """Return the path of a snapshot, of the catalogue's kind of index where none is given."""
    return catalogue.folder / f"{field}.{kind or catalogue.index_kind}.faiss"


def _voucher_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def read_voucher(path: Path, catalogue: Catalogue) -> dict[str, Any] | None:
    """Return what is known of a snapshot without reading it; None when it is not of the catalogue or torn."""
    voucher = read_sealed_json(_voucher_path(path))
    kinds = {"generation": int, "token": str, "fingerprint": str, "catalogue_id": str, "digest": str}
    kinds |= {"vectors": int, "bytes": int}
    if voucher is None or not all(isinstance(voucher.get(key), kind) for key, kind in kinds.items()):
        return None
    ours = (
        voucher["fingerprint"] == catalogue.fingerprint
        and voucher["catalogue_id"] == catalogue.catalogue_id
        and 0 < voucher["generation"] <= catalogue.generation
        # a file that was put back from a copy may have given the same numbers to other texts since
        and voucher["token"] == catalogue.generation_token(voucher["generation"])
    )
    try:
        return voucher if ours and voucher["bytes"] == path.stat().st_size else None
    except OSError:
        return None


def write_snapshot(catalogue: Catalogue, field: str, index: VectorIndex, generation: int, token: str | None) -> None:
    """Write a snapshot of a generation with this token and its voucher; whoever calls is the only writer.

    The voucher is made before the snapshot is in its place, so that the next writer can finish what was killed between.
    """
    path = snapshot_path(catalogue, field, index.kind)
    try:
        with (
            catalogue.writing("reindex"),
            replace_atomically(_voucher_path(path)) as voucher,
            replace_atomically(path) as temporary,
        ):
            index.write(temporary)
            facts = {
                "generation": generation,
                "token": token,
                "fingerprint": catalogue.fingerprint,
                "catalogue_id": catalogue.catalogue_id,
                "kind": index.kind,
                "built_as": index.built_as,
                "vectors": len(index),
                "bytes": temporary.stat().st_size,
                "digest": file_digest(temporary),
            }
            write_sealed_json(voucher, facts)
    except BaseException:
        # the old one is kept, unless it was stopped between the two
        if _voucher_path(path).exists() and not vouches_for(_voucher_path(path), path):
            remove_snapshot(path)
        raise


def read_snapshot(catalogue: Catalogue, field: str) -> tuple[VectorIndex, int] | None:
    """Return the snapshot of the catalogue's kind and its generation; None when it cannot be trusted."""
    kind = catalogue.index_kind
    path = snapshot_path(catalogue, field)
    voucher = read_voucher(path, catalogue)
    if voucher is None:
        return None
    try:
        before = path.stat()
        if file_digest(path) != voucher["digest"]:
            return None
        index = VectorIndex.read(path, kind)
        after = path.stat()
    except (InputError, OSError):
        return None
    # a writer may put a newer one there between the digest and the reading
    if (before.st_ino, before.st_mtime_ns) != (after.st_ino, after.st_mtime_ns):
        return None
    return index, int(voucher["generation"])


def snapshot_problems(catalogue: Catalogue) -> Iterator[tuple[Path, str]]:
    """Yield the files of snapshots that are of no use, and why; an older snapshot is of use."""
    current = {snapshot_path(catalogue, field) for field in TEXT_FIELDS}
    for path in sorted(catalogue.folder.iterdir()):
        if not SNAPSHOT.fullmatch(path.name):
            continue
        whole = path.with_name(path.name.removesuffix(".json"))
        if whole not in current:
            yield path, "is of another kind of index than the one in use"
        elif path != whole:
            if not whole.exists():
                yield path, "vouches for a snapshot that is not there"
        elif (voucher := read_voucher(path, catalogue)) is None or file_digest(path) != voucher["digest"]:
            yield path, "is damaged, or of another catalogue or encoder; searching does without it"


def remove_snapshot(path: Path) -> None:
    """Remove a snapshot if it is there; its voucher goes first."""
    _voucher_path(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def remove_other_snapshots(catalogue: Catalogue) -> None:
    """Remove the snapshots of other kinds than the catalogue's; whoever calls is the only writer."""
    sweep(catalogue.folder, catalogue.database.meta())
