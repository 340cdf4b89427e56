"""A damaged catalogue file made anew of its sound rows."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from smf_embed.clips import TEXT_FIELDS
from smf_embed.database import MENDED_NAME, now, put_mended
from smf_embed.errors import CatalogueError
from smf_embed.files import replace_atomically
from smf_embed.schema import CHECKED, KEYS, SCHEMA, SCHEMA_VERSION, check_of_row, prepare_connection

_META = {"schema_version", "encoder", "fingerprint", "fingerprint_parts", "catalogue_id"}
# keys that are numbers can be tried one by one, and how many at most
_NUMBERED = {"generations": "generation"} | KEYS
_KEYS = {"boilerplate": ("channel", "kind", "digest"), "aliases": ("alias", "channel")}
_MOST_KEYS = 10_000_000


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

    Raises
    ------
    CatalogueError
        Others have the file open, the disk is full, or the folder cannot be written; the file is as it was.
    """
    kept: dict[str, int] = {}
    mended = path.with_name(MENDED_NAME)
    _expect_no_readers(path)
    try:
        with (
            replace_atomically(mended) as temporary,
            closing(sqlite3.connect(path, isolation_level=None)) as old,
            closing(sqlite3.connect(temporary, isolation_level=None)) as new,
        ):
            prepare_connection(old)
            # a text that is no UTF-8 any more costs its row and not the walk
            old.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
            prepare_connection(new)
            new.execute("PRAGMA journal_mode = WAL")
            new.execute("PRAGMA foreign_keys = OFF")
            new.execute("BEGIN")
            for statement in SCHEMA:
                new.execute(statement)
            for table, columns in CHECKED.items():
                kept[table] = _copy(old, new, table, columns)
            # what can be chosen anew is no reason to give up
            new.execute("INSERT OR IGNORE INTO meta (key, value) VALUES ('index_kind', 'Flat')")
            meta = dict(new.execute("SELECT key, value FROM meta"))
            if _META - meta.keys() or meta["schema_version"] != str(SCHEMA_VERSION):
                raise sqlite3.DatabaseError("meta is lost")
            _mend_references(new)
            new.execute("COMMIT")
    except (sqlite3.OperationalError, OSError) as error:
        # a full disk or a read-only folder says nothing of what is lost
        raise CatalogueError(f"{path}: cannot be mended here: {error}; it is as it was") from error
    except sqlite3.DatabaseError:
        return None
    put_mended(path)
    return kept


def _expect_no_readers(path: Path) -> None:
    """Raise where others have the file open: the last of them would remove the log of the new one for the old one's."""
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as sql:
        try:
            sql.execute("PRAGMA locking_mode = EXCLUSIVE")
            sql.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                reason = f"{path}: cannot be mended while other programs have it open; end them and try again"
                raise CatalogueError(reason) from error


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> int:
    names = ", ".join(columns)
    insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
    seen: set[int] = set()
    for row in _sound_rows(old, table, f"{names}, row_check"):
        mark = hash(row[:3])
        if mark not in seen:
            seen.add(mark)
            with suppress(sqlite3.IntegrityError):
                new.execute(insert, row)
    return int(new.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _sound_rows(sql: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows that can be reached and agree with their checksums, some of them twice."""
    select = f"SELECT {columns} FROM {table}"
    # from both ends, since a broken page ends a walk
    reached: list[Any] = [0, 0]
    key_column = _NUMBERED.get(table) or CHECKED[table][0]
    place = CHECKED[table].index(key_column)
    for side, direction in enumerate(("DESC", "ASC")):
        order = ", ".join(f"{name} {direction}" for name in _KEYS.get(table, (key_column,)))
        with suppress(sqlite3.Error):
            for row in sql.execute(f"{select} ORDER BY {order}"):
                reached[side] = row[place]
                if check_of_row(*row[:-1]) == row[-1]:
                    yield row[:-1]
    if table not in _NUMBERED:
        return
    # what is between two broken pages is looked up key by key
    last, first = reached
    if not last:  # the walk from the end came to nothing
        last = _last_key(sql, table)
    for key in range(first + 1, last):
        with suppress(sqlite3.Error):
            for row in sql.execute(f"{select} WHERE {key_column} = ?", (key,)):
                if check_of_row(*row[:-1]) == row[-1]:
                    yield row[:-1]


def _last_key(sql: sqlite3.Connection, table: str) -> int:
    with suppress(sqlite3.Error):
        found = sql.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        # of a damaged number nothing follows
        return min(int(found[0]), _MOST_KEYS) + 1 if found else 0
    return 0


def _mend_references(sql: sqlite3.Connection) -> None:
    for name in TEXT_FIELDS:
        sql.execute(
            f"UPDATE clips SET {name}_vector = NULL WHERE {name}_vector NOT IN (SELECT vector_key FROM vectors)"
        )
    sql.execute("DELETE FROM labels WHERE clip_key NOT IN (SELECT clip_key FROM clips)")
    referred = " UNION ".join(f"SELECT generation FROM {table}" for table in ("clips", "labels", "label_log"))
    lost = sql.execute(f"{referred} EXCEPT SELECT generation FROM generations").fetchall()
    newest = sql.execute("SELECT coalesce(max(generation), 0) + 1 FROM generations").fetchone()
    sql.executemany(
        "INSERT INTO generations (generation, at, command, token) VALUES (?, ?, 'lost', ?)",
        [(generation, now(), secrets.token_hex(8)) for (generation,) in {*lost, newest}],
    )
    # keys of lost vectors may be given again, so no snapshot of before may be trusted
    sql.execute("UPDATE meta SET value = ? WHERE key = 'catalogue_id'", (secrets.token_hex(8),))
