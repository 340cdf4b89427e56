"""SQLite whose errors are those of a catalogue, and whose rows are compared with their checksums."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from smf_embed.errors import CatalogueError
from smf_embed.schema import CHECKED, check_of_row

_ROWS_AT_ONCE = 512
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class FileError(CatalogueError, sqlite3.DatabaseError):
    """What SQLite could not do; both for who knows catalogues and for who knows SQLite."""


def of_file(path: Path, error: sqlite3.Error) -> FileError:
    """Return the error of a file for what SQLite has raised."""
    code = getattr(error, "sqlite_errorcode", None)
    # of a text that is no UTF-8 there is no code
    if code is None or code & 0xFF in _DAMAGE:
        found = FileError(str(damaged(path, str(error))))
    else:
        found = FileError(f"{path}: {error}")
    found.sqlite_errorcode = code or sqlite3.SQLITE_CORRUPT
    return found


class _Cursor(sqlite3.Cursor):
    """A cursor whose errors are those of a catalogue."""

    connection: CheckedConnection

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        while rows := self.fetchmany(_ROWS_AT_ONCE):
            yield from rows

    def execute(self, *words: Any) -> _Cursor:
        try:
            super().execute(*words)
        except sqlite3.DatabaseError as error:
            raise of_file(self.connection.path, error) from error
        return self

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except sqlite3.DatabaseError as error:
            raise of_file(self.connection.path, error) from error

    def fetchmany(self, *words: Any) -> list[Any]:
        try:
            return super().fetchmany(*words)
        except sqlite3.DatabaseError as error:
            raise of_file(self.connection.path, error) from error

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.DatabaseError as error:
            raise of_file(self.connection.path, error) from error


class CheckedConnection(sqlite3.Connection):
    """A connection whose errors are those of a catalogue."""

    path: Path

    def execute(self, *words: Any) -> _Cursor:
        return self.cursor(_Cursor).execute(*words)


def damaged(path: Path, reason: str) -> CatalogueError:
    """Return the error of a file that cannot be trusted; SQLite tells a line a fault, and two are enough."""
    faults = "; ".join(reason.splitlines()[:3]).removeprefix("*** in database main ***; ")
    return CatalogueError(
        f"{path}: is damaged or no catalogue: {faults}. See what can be mended: "
        f"smf-embed doctor --repair --catalogue {path.parent}"
    )


def checked_rows(table: str, rows: Iterator[tuple[Any, ...]], path: Path) -> Iterator[tuple[Any, ...]]:
    """Pass on rows whose last column is their checksum, without it.

    Raises
    ------
    CatalogueError
        At the first row that differs from its checksum.
    """
    for row in rows:
        if check_of_row(*row[:-1]) != row[-1]:
            raise damaged(path, f"a row of {table} differs from its checksum")
        yield row[:-1]


def verify(sql: sqlite3.Connection) -> list[str]:
    """Check the structure of the file and the checksum of every row; return what is wrong, in words.

    Raises
    ------
    sqlite3.DatabaseError
        When the damage keeps the check itself from being done.
    """
    problems = [row[0] for row in sql.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
    for table, columns in CHECKED.items():
        bad = sql.execute(
            f"SELECT count(*) FROM {table} WHERE row_check IS NOT check_of_row({', '.join(columns)})"
        ).fetchone()[0]
        if bad:
            problems.append(f"{bad:,} rows of {table} differ from their checksums")
    broken = sql.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        problems.append(f"{len(broken):,} rows refer to others that are not there")
    return problems
