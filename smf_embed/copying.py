"""A catalogue copied between folders and shared databases: all rows as they are, so that no text is encoded again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from smf_embed.catalogue import Catalogue
from smf_embed.checked_sql import checked_rows
from smf_embed.classifier import MODEL_FOLDER
from smf_embed.clips import ID
from smf_embed.databases import has_database, make_database
from smf_embed.errors import CatalogueError
from smf_embed.files import read_sealed_json, write_sealed_json
from smf_embed.schema import CHECKED, KEYS
from smf_embed.shared_address import address_of, local_folder

_ROWS = 2_000
# clips that are named where they cannot be copied
_SHOWN = 5
# columns that no two rows of a table share, where it is not the first one
_ORDER = {"boilerplate": ("channel", "kind", "digest"), "aliases": ("alias", "channel")}


def copy_catalogue(
    source: str | Path, target: str | Path, progress: Callable[[float, str], None] | None = None
) -> dict[str, int]:
    """Copy a catalogue to where there is none, with its snapshots and its model, and compare both row by row.

    Others may write to the source meanwhile; the copy is of one generation, and has an id of its own.

    Parameters
    ----------
    source, target : path or str
        Folders, or addresses of shared catalogues: see `smf_embed.shared_address`.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is done.

    Returns
    -------
    dict of str → int
        Table → number of rows.

    Raises
    ------
    CatalogueError
        There is a catalogue at the target, the source has none or a damaged one, or one with texts that PostgreSQL
        cannot store, or the copy differs; nothing that was half copied is left in use.
    """
    say = progress or (lambda *_: None)
    folder = local_folder(target)
    with Catalogue(source) as old, old.reading():
        if has_database(folder) and not _is_empty(folder):
            raise CatalogueError(f"{folder}: there is a catalogue already; copy to a new place")
        if address_of(folder) is not None:
            _expect_storable(old)
        meta = old.database.meta()
        make_database(folder, {name: meta[name] for name in ("encoder", "fingerprint", "fingerprint_parts")})
        with Catalogue(folder) as new, new.writing("copy"):
            total = sum(_count(old, table) for table in CHECKED) or 1
            # the generation of the transaction is not kept: the copy has those of the source
            with new.database.transaction("copy"):
                counts = _copy(old, new, lambda rows: say(0.6 * rows / total, f"{rows:,} rows"))
                _compare(old, new, lambda rows: say(0.6 + 0.35 * rows / total, f"{rows:,} rows compared"))
                # both go on, and are not the same from here on: neither may be taken for the other
                new.put_meta({"catalogue_id": new.catalogue_id})
            say(0.95, "model and snapshots")
            _copy_files(old.folder, new)
    return counts


def _is_empty(folder: Path) -> bool:
    """Tell whether nothing was written to a catalogue, as a copy that was killed leaves it."""
    with Catalogue(folder) as found:
        return not any(_count(found, table) for table in CHECKED if table != "meta")


def _expect_storable(catalogue: Catalogue) -> None:
    """Raise where PostgreSQL cannot store a row of a catalogue."""
    from smf_embed.shared_database import reason_to_reject

    remedy = (
        "nothing was copied. All but such rows go over as a table: smf-embed export clips.parquet --catalogue "
        f"{catalogue.folder}, then smf-embed add clips.parquet to the new one"
    )
    bad: dict[str, str] = {}
    for batch in catalogue.clip_batches(_ROWS):
        bad |= {clip[ID]: reason for clip in batch if (reason := reason_to_reject(clip))}
    if bad:
        shown = "; ".join(f"{identifier}: {reason}" for identifier, reason in list(bad.items())[:_SHOWN])
        more = f"; and {len(bad) - _SHOWN:,} more" if len(bad) > _SHOWN else ""
        raise CatalogueError(
            f"{catalogue.folder}: {len(bad):,} clips cannot be copied: {shown}{more}. Remove them, or mend their table "
            f"and add it again; {remedy}"
        )
    # what is left of clips that are gone
    for table in CHECKED:
        if table not in ("clips", "vectors") and any(_has_nul(rows) for rows in _batches(catalogue, table)):
            raise CatalogueError(
                f"{catalogue.folder}: a row of {table} has a NUL character in it, which a shared catalogue cannot "
                f"store; {remedy}"
            )


def _has_nul(rows: list[tuple[Any, ...]]) -> bool:
    return any(isinstance(value, str) and "\0" in value for row in rows for value in row)


def _copy(old: Catalogue, new: Catalogue, say: Callable[[int], None]) -> dict[str, int]:
    counts = {}
    sql = new.database.sql
    sql.execute("DELETE FROM generations")
    sql.execute("DELETE FROM meta")
    for table, columns in CHECKED.items():
        insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        counts[table] = 0
        for rows in _batches(old, table):
            sql.executemany(insert, rows)
            counts[table] += len(rows)
            say(sum(counts.values()))
    for table in KEYS:
        sql.set_highest_key(table, old.database.sql.highest_key(table))
    return counts


def _compare(old: Catalogue, new: Catalogue, say: Callable[[int], None]) -> None:
    compared = 0
    for table in CHECKED:
        for ours, theirs in zip_longest(_batches(old, table), _batches(new, table)):
            if ours != theirs:
                raise CatalogueError(
                    f"{new.database.path}: rows of {table} came out unlike those of {old.database.path}; nothing is "
                    "left of the copy"
                )
            compared += len(ours)
            say(compared)


def _batches(catalogue: Catalogue, table: str) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a table in the order of its key."""
    columns = CHECKED[table]
    keys = _ORDER.get(table, (KEYS.get(table, columns[0]),))
    places = [columns.index(key) for key in keys]
    order = ", ".join(keys)
    after: list[Any] = []
    while True:
        where = f"WHERE ({order}) > ({', '.join('?' * len(keys))}) " if after else ""
        statement = f"SELECT {', '.join(columns)}, row_check FROM {table} {where}ORDER BY {order} LIMIT {_ROWS}"
        found = catalogue.database.sql.execute(statement, after)
        rows = list(checked_rows(table, iter(found), catalogue.database.path))
        if not rows:
            return
        yield rows
        after = [rows[-1][place] for place in places]


def _count(catalogue: Catalogue, table: str) -> int:
    return int(catalogue.database.sql.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _copy_files(old: Path, new: Catalogue) -> None:
    """Copy the model and the snapshots, which are of the same rows."""
    for path in sorted(old.glob("*.faiss")):
        voucher = read_sealed_json(path.with_name(f"{path.name}.json"))
        if voucher is not None:
            shutil.copy2(path, new.folder / path.name)
            own = voucher | {"catalogue_id": new.catalogue_id}
            write_sealed_json(new.folder / f"{path.name}.json", own)
    if (old / MODEL_FOLDER / "manifest.json").exists():
        shutil.copytree(old / MODEL_FOLDER, new.folder / MODEL_FOLDER, dirs_exist_ok=True)
