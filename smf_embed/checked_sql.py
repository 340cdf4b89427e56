"""SQLite whose errors are those of a catalogue, and whose rows are compared with their checksums.

`Sql` is what the rest needs of a connection; `smf_embed.shared_sql` is the same for PostgreSQL.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from smf_embed.errors import CatalogueError
from smf_embed.schema import CHECKED, KEYS, check_of_row

_ROWS_AT_ONCE = 512
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
#: In place of a checksum, of rows that a server vouches for; no CRC-32 is negative.
UNCHECKED = -1


class Rows(Protocol):
    """The rows that a statement returns."""

    def __iter__(self) -> Iterator[Any]: ...

    def fetchone(self) -> Any:
        """Return the next row; None at the end."""

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""


class Sql(Protocol):
    """An open connection to the database of a catalogue, that is spoken to in SQL which all databases know."""

    @property
    def in_transaction(self) -> bool:
        """Whether BEGIN was executed, and neither COMMIT nor ROLLBACK."""

    def execute(self, statement: str, parameters: Sequence[Any] = ..., /) -> Rows:
        """Execute a statement whose parameters are written as question marks."""

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> Any:
        """Execute a statement that returns no rows once for each of some parameters."""


class KeyedSql(Sql, Protocol):
    """`Sql` that also knows the keys of rows, see `smf_embed.schema.KEYS`."""

    def new_keys(self, table: str, count: int) -> list[int]:
        """Return keys for rows that are to be inserted next, in ascending order; whoever calls has a transaction."""

    def highest_key(self, table: str) -> int:
        """Return the highest key that a row of a table can ever have had; 0 where there was none."""

    def set_highest_key(self, table: str, key: int) -> None:
        """Give no key up to this one to a row again."""


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

    def new_keys(self, table: str, count: int) -> list[int]:
        """Return keys for rows that are to be inserted next; see `KeyedSql`."""
        first = self.highest_key(table) + 1
        return list(range(first, first + count))

    def highest_key(self, table: str) -> int:
        """Return the highest key that a row of a table has ever had."""
        ever = "coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0)"
        last = f"SELECT max({ever}, coalesce(max({KEYS[table]}), 0)) FROM {table}"
        return int(self.execute(last, (table,)).fetchone()[0])

    def set_highest_key(self, table: str, key: int) -> None:
        """Give no key up to this one to a row again."""
        self.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        self.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, key))


def damaged(path: Path | str, reason: str) -> CatalogueError:
    """Return the error of a file that cannot be trusted; SQLite tells a line a fault, and two are enough.

    Of a shared catalogue `path` is the address of its database, a text.
    """
    faults = "; ".join(reason.splitlines()[:3]).removeprefix("*** in database main ***; ")
    if isinstance(path, str):
        return CatalogueError(f"{path}: {faults}. See what else is wrong: smf-embed doctor --catalogue {path}")
    return CatalogueError(
        f"{path}: is damaged or no catalogue: {faults}. See what can be mended: "
        f"smf-embed doctor --repair --catalogue {path.parent}"
    )


def checked_rows(table: str, rows: Iterator[tuple[Any, ...]], path: Path | str) -> Iterator[tuple[Any, ...]]:
    """Pass on rows whose last column is their checksum, without it.

    Raises
    ------
    CatalogueError
        At the first row that differs from its checksum.
    """
    for row in rows:
        if row[-1] != UNCHECKED and check_of_row(*row[:-1]) != row[-1]:
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
