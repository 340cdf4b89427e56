"""A damaged catalogue file made anew of its sound rows."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from smf_embed.clips import TEXT_FIELDS
from smf_embed.database import now
from smf_embed.files import replace_atomically
from smf_embed.schema import CHECKED, SCHEMA, SCHEMA_VERSION, check_of_row, prepare_connection

_META = {"schema_version", "encoder", "fingerprint", "fingerprint_parts", "catalogue_id"}
_ORDER = {table: columns[0] for table, columns in CHECKED.items()}


def salvage(path: Path) -> dict[str, int] | None:
    """Replace a damaged catalogue file by one of its sound rows; the damaged one is kept beside it.

    Rows that differ from their checksums or cannot be reached are left out, and what refers to them is mended: a clip
    without its vector is to be encoded again, a label without its clip is dropped. Whoever calls is the only writer.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str → int or None
        Table → number of rows that were kept; None when so much is lost that there is nothing to go on with. The file
        is as it was then.
    """
    kept: dict[str, int] = {}
    mended = path.with_name(f"{path.stem}.mended{path.suffix}")
    spare = path.with_name(f"{path.stem}.damaged{path.suffix}")
    try:
        with (
            replace_atomically(mended) as temporary,
            closing(sqlite3.connect(path, isolation_level=None)) as old,
            closing(sqlite3.connect(temporary, isolation_level=None)) as new,
        ):
            prepare_connection(old)
            prepare_connection(new)
            new.execute("PRAGMA journal_mode = WAL")
            new.execute("PRAGMA foreign_keys = OFF")
            new.execute("BEGIN")
            for statement in SCHEMA:
                new.execute(statement)
            for table, columns in CHECKED.items():
                kept[table] = _copy(old, new, table, columns)
            meta = dict(new.execute("SELECT key, value FROM meta"))
            if _META - meta.keys() or meta["schema_version"] != str(SCHEMA_VERSION):
                raise sqlite3.DatabaseError("meta is lost")
            _mend_references(new)
            new.execute("COMMIT")
    except (sqlite3.Error, OSError):
        return None
    path.replace(spare)
    for ending in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).replace(spare.with_name(spare.name + ending))
    mended.replace(path)
    return kept


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> int:
    names = ", ".join(columns)
    insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
    seen: set[bytes | int] = set()
    # from both ends, since a broken page ends a walk
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{name} {direction}" for name in _key(table))
        for row in _sound_rows(old, f"SELECT {names}, row_check FROM {table} ORDER BY {order}"):
            mark = hash(row[:3])
            if mark not in seen:
                seen.add(mark)
                with suppress(sqlite3.IntegrityError):
                    new.execute(insert, row)
    return int(new.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _key(table: str) -> tuple[str, ...]:
    return {"boilerplate": ("channel", "kind", "digest"), "aliases": ("alias", "channel")}.get(table, (_ORDER[table],))


def _sound_rows(sql: sqlite3.Connection, statement: str) -> Iterator[tuple[Any, ...]]:
    try:
        for row in sql.execute(statement):
            if check_of_row(*row[:-1]) == row[-1]:
                yield row[:-1]
    except (sqlite3.Error, UnicodeDecodeError):
        return


def _mend_references(sql: sqlite3.Connection) -> None:
    for name in TEXT_FIELDS:
        sql.execute(
            f"UPDATE clips SET {name}_vector = NULL WHERE {name}_vector NOT IN (SELECT vector_key FROM vectors)"
        )
    sql.execute("DELETE FROM labels WHERE clip_key NOT IN (SELECT clip_key FROM clips)")
    referred = "SELECT generation FROM clips UNION SELECT generation FROM labels"
    lost = sql.execute(f"{referred} EXCEPT SELECT generation FROM generations").fetchall()
    newest = sql.execute("SELECT coalesce(max(generation), 0) + 1 FROM generations").fetchone()
    sql.executemany(
        "INSERT INTO generations (generation, at, command, token) VALUES (?, ?, 'lost', ?)",
        [(generation, now(), secrets.token_hex(8)) for (generation,) in {*lost, newest}],
    )
    # keys of lost vectors may be given again, so no snapshot of before may be trusted
    sql.execute("UPDATE meta SET value = ? WHERE key = 'catalogue_id'", (secrets.token_hex(8),))
