"""The SQLite file of a catalogue: opened, created, migrated and verified; transactions and consistent views.

A file that is not as its last user left it (another size or time, a killed writer) is verified as a whole before
anything is read from it: its structure by SQLite, each row by its checksum.
"""

from __future__ import annotations

import datetime as dt
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smf_embed.checked_sql import CheckedConnection, FileError, damaged, of_file, verify
from smf_embed.errors import CatalogueError
from smf_embed.files import read_sealed_json, replace_atomically, write_sealed_json
from smf_embed.leftovers import sweep
from smf_embed.migrations import MIGRATIONS, migrate
from smf_embed.schema import SCHEMA, SCHEMA_VERSION, prepare_connection
from smf_embed.write_lock import WriteLock, holder

if TYPE_CHECKING:
    from smf_embed.clips import ClipBatch

FILE_NAME = "catalogue.sqlite"
SEAL_NAME = "catalogue.seal.json"
#: What a repair makes before it takes the place of the damaged file; see `smf_embed.salvage`.
MENDED_NAME = "catalogue.mended.sqlite"
_BUSY_SECONDS = 30
# what SQLite says of a file in a folder that cannot be written
_NOT_WRITABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
#: What every catalogue knows of itself.
META_KEYS = {"schema_version", "encoder", "fingerprint", "fingerprint_parts", "catalogue_id", "index_kind"}


class Database:
    """An open catalogue file.

    Parameters
    ----------
    folder : Path
        Where the file is; see `create_database`.
    check : bool
        Verify a file that is not as its last user left it; for `doctor`, which does so itself, False.

    Attributes
    ----------
    sql : CheckedConnection
    read_only : bool
        The folder cannot be written.

    Raises
    ------
    CatalogueError
        No file, one that is damaged, or one of a newer program.
    """

    def __init__(self, folder: Path, *, check: bool = True) -> None:
        self.folder = folder
        self.path = folder / FILE_NAME
        self.lock = WriteLock(folder)
        self.read_only = False
        self._trusted = False  # verified, or as its last user left it
        self._wrote = False
        self.sql = self._connect()
        try:
            self._open(check)
        except FileError as error:
            self.sql.close()
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                raise  # it says what it is
            # a table that is not there is damage, too
            raise damaged(self.path, str(error).removeprefix(f"{self.path}: ")) from error
        except sqlite3.Error as error:
            self.sql.close()
            raise damaged(self.path, str(error)) from error
        except BaseException:
            self.sql.close()
            raise

    def close(self) -> None:
        """Close the file; the last to do so moves what is in the log into it."""
        pending = not self.read_only and self._log_size() > 0
        self.sql.close()
        if pending or self._wrote:
            self._seal()

    def _seal(self) -> None:
        """Note how the file was left, so that the next to open it need not verify it."""
        with suppress(OSError):
            if self._trusted and not self._log_size():
                state = _state(self.path)
                if read_seal(self.folder) != state:
                    write_sealed_json(self.folder / SEAL_NAME, state)

    def _log_size(self) -> int:
        try:
            return log_path(self.path).stat().st_size
        except OSError:
            return 0

    def meta(self) -> dict[str, str]:
        """Return what is known of the catalogue as a whole."""
        return dict(self.sql.execute("SELECT key, value FROM meta").fetchall())

    @property
    def generation(self) -> int:
        """The number of the newest change; 0 for an empty catalogue."""
        return int(self.sql.execute("SELECT coalesce(max(generation), 0) FROM generations").fetchone()[0])

    # ------------------------------------------------------------------------------------------ views and changes

    @contextmanager
    def reading(self) -> Iterator[int]:
        """See one generation of all tables in the body, whatever is written meanwhile; yield its number."""
        if self.sql.in_transaction:
            yield self.generation
            return
        before = _state(self.path) if self.read_only else None
        self.sql.execute("BEGIN")
        try:
            yield self.generation
        finally:
            if self.sql.in_transaction:
                self.sql.execute("COMMIT")
        # SQLite cannot lock a file in a folder that it cannot write
        if before is not None and before != _state(self.path):
            raise CatalogueError(f"{self.path}: was written meanwhile; try again")

    @contextmanager
    def writing(self, command: str) -> Iterator[None]:
        """Be the one writer in the body; may be nested.

        Raises
        ------
        CatalogueError
            When another process writes, or the folder cannot be written.
        """
        if self.lock.held:
            yield
            return
        if self.read_only:
            raise CatalogueError(f"{self.folder}: cannot be written: the folder is read-only")
        self.lock.acquire(command)
        try:
            sweep(self.folder, self.meta())
            yield
        finally:
            if self._wrote and not self.sql.in_transaction:
                self._seal()
            self.lock.release()

    def adding(self, command: str, *, alone: bool = False) -> AbstractContextManager[None]:
        """Be the one writer in the body; see `smf_embed.shared_database` for what else it can mean."""
        return self.writing(command)

    @contextmanager
    def keeping(self, command: str) -> Iterator[int]:
        """See one generation in the body, since nobody else can write; yield its number."""
        with self.writing(command):
            yield self.generation

    def writer(self) -> str:
        """Return who writes now; empty where nobody does."""
        return str(holder(self.folder) or "")

    def stored_bytes(self) -> int:
        """Return how much room the catalogue takes, with all that is in its folder."""
        return folder_bytes(self.folder)

    def reject(self, batch: ClipBatch) -> None:
        """Move clips that cannot be stored to the rejected rows of a batch; here there are none."""

    @contextmanager
    def transaction(self, command: str) -> Iterator[int]:
        """Open a write transaction and yield its generation; all of it is written, or nothing.

        Raises
        ------
        CatalogueError
            When it cannot be written: another writer, a full disk, a read-only folder.
        """
        with self.writing(command):
            self.lock.check()
            try:
                self.sql.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise CatalogueError(f"{self.path}: cannot be written: {error}") from error
            try:
                generation = self.generation + 1
                self.sql.execute(
                    "INSERT INTO generations (generation, at, command, token) VALUES (?, ?, ?, ?)",
                    (generation, now(), command, secrets.token_hex(8)),
                )
                yield generation
                self._wrote = True
                self.sql.execute("COMMIT")
            except BaseException as error:
                if self.sql.in_transaction:
                    with suppress(sqlite3.Error):  # a full disk may have rolled it back already
                        self.sql.execute("ROLLBACK")
                self._checkpoint()  # the log of what was undone may fill the disk
                if isinstance(error, sqlite3.Error):
                    reason = f"{self.path}: cannot be written: {error}; nothing of it was changed"
                    raise CatalogueError(reason) from error
                raise
            self._checkpoint()

    def give_room_back(self) -> None:
        """Write the file anew without its unused pages.

        Raises
        ------
        CatalogueError
            When there is no room for the copy; the file is as it was.
        """
        self._wrote = True
        try:
            self.sql.execute("VACUUM")
        except sqlite3.Error as error:
            raise CatalogueError(f"{self.path}: cannot be compacted: {error}") from error
        self._checkpoint()

    def _checkpoint(self) -> None:
        """Move what was committed into the main file, where readers let it, so that little hangs on the log."""
        # a reader that needs the log is not waited for, and a full disk loses nothing: the log holds it all
        with suppress(sqlite3.Error):
            self.sql.execute("PRAGMA busy_timeout = 0")
            self.sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.sql.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")

    # ----------------------------------------------------------------------------------------------------- opening

    def _connect(self) -> CheckedConnection:
        if not self.path.exists():
            if not (self.folder / MENDED_NAME).exists():
                raise CatalogueError(f"{self.folder}: holds no catalogue; make one: smf-embed add TABLE")
            with self.lock.taken("doctor"):
                put_mended(self.path)
        sql = None
        try:
            # a path that begins with file: is a name, too
            sql = sqlite3.connect(
                self.path.absolute(), timeout=_BUSY_SECONDS, isolation_level=None, factory=CheckedConnection
            )
            return self._prepared(sql)
        except sqlite3.Error as error:
            if sql is not None:
                sql.close()
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code not in _NOT_WRITABLE:
                raise (error if isinstance(error, CatalogueError) else of_file(self.path, error)) from error
            # a log cannot be opened in a read-only folder; where there is none, the file is all there is
            if self._log_size() or not self.path.is_file():
                raise CatalogueError(f"{self.path}: cannot be opened: {error}") from error
        self.read_only = True
        uri = f"{self.path.resolve().as_uri()}?mode=ro&immutable=1"
        sql = None
        try:
            sql = sqlite3.connect(uri, uri=True, isolation_level=None, factory=CheckedConnection)
            return self._prepared(sql)
        except sqlite3.Error as error:
            if sql is not None:
                sql.close()
            raise (error if isinstance(error, CatalogueError) else of_file(self.path, error)) from error

    def _prepared(self, sql: CheckedConnection) -> CheckedConnection:
        sql.path = self.path
        prepare_connection(sql)
        sql.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        return sql

    def _open(self, check: bool) -> None:
        version = self._version()
        if version > SCHEMA_VERSION:
            raise CatalogueError(f"{self.path}: was written by a newer smf-embed (format {version}); update smf-embed")
        if version < SCHEMA_VERSION:
            self._migrate()
        elif check:
            state = _state(self.path)
            self._trusted = read_seal(self.folder) == state
            # who finds a writer at work waits for no verification; the writer has done it
            if not self._trusted and holder(self.folder) is None:
                problems = verify(self.sql)
                if problems:
                    raise damaged(self.path, "; ".join(problems[:3]))
                self._trusted = True
                if not self.read_only and state == _state(self.path):
                    self._seal()
        if META_KEYS - self.meta().keys():
            raise damaged(self.path, f"meta lacks {', '.join(sorted(META_KEYS - self.meta().keys()))}")

    def _version(self) -> int:
        try:
            return int(self.meta()["schema_version"])
        except (KeyError, ValueError) as error:
            raise damaged(self.path, f"its version is missing: {error}") from error

    def _migrate(self) -> None:
        if self.read_only:
            raise CatalogueError(
                f"{self.path}: is of an older format, and must be opened once where the folder can be written"
            )
        with self.writing("migrate"):
            version = self._version()  # another may have done it since
            if version == SCHEMA_VERSION:
                return
            reason = self._unlike_older(version)
            if reason:
                raise damaged(self.path, reason)
            migrate(self.sql, self.path, version)
            self._wrote = self._trusted = True
            self._checkpoint()

    def _unlike_older(self, version: int) -> str:
        """Return why the file cannot be a catalogue of an older format; empty if it can."""
        if version + 1 not in MIGRATIONS:
            return f"there is no format {version}"
        tables = {row[0] for row in self.sql.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        if not {"clips", "vectors", "labels", "generations"} <= tables:
            return "tables are missing"
        return "; ".join(row[0] for row in self.sql.execute("PRAGMA integrity_check(3)") if row[0] != "ok")


def create_database(folder: Path, meta: dict[str, str]) -> None:
    """Make an empty catalogue file in `folder`, in one step; nothing where there is one already."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogueError(f"{folder}: cannot be made: {error.strerror or error}") from error
    with WriteLock(folder).taken("add"):
        _create(folder, meta)


def new_meta(meta: dict[str, str]) -> dict[str, str]:
    """Return what a new catalogue knows of itself, beside what is given."""
    # the id tells it from another in the same folder, whose keys begin at 1, too
    own = {"schema_version": str(SCHEMA_VERSION), "created": now(), "index_kind": "Flat"}
    return meta | own | {"catalogue_id": secrets.token_hex(8)}


def _create(folder: Path, meta: dict[str, str]) -> None:
    if (folder / FILE_NAME).exists() or (folder / MENDED_NAME).exists():
        return
    sweep(folder)
    try:
        # the log of a file that was taken away would be read into the new one
        for ending in ("-wal", "-shm"):
            (folder / f"{FILE_NAME}{ending}").unlink(missing_ok=True)
        with (
            replace_atomically(folder / FILE_NAME) as temporary,
            closing(sqlite3.connect(temporary, isolation_level=None)) as sql,
        ):
            prepare_connection(sql)
            sql.execute("PRAGMA journal_mode = WAL")  # kept in the file: readers go on while one writes
            sql.execute("BEGIN")
            for statement in SCHEMA:
                sql.execute(statement)
            sql.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", new_meta(meta).items())
            sql.execute("COMMIT")
        write_sealed_json(folder / SEAL_NAME, _state(folder / FILE_NAME))
    except (OSError, sqlite3.Error) as error:
        raise CatalogueError(f"{folder}: no catalogue can be made here: {error}") from error


def put_mended(path: Path) -> None:
    """Put the file that a repair has made in the place of the damaged one, which is kept; whoever calls has the lock.

    A repair that is killed in the middle is finished by the next to open the catalogue.
    """
    spare = path.with_name(f"{path.stem}.damaged{path.suffix}")
    if path.exists():
        path.replace(spare)
    # a log that stayed would be taken for one of the new file
    for ending in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).replace(spare.with_name(spare.name + ending))
    path.with_name(MENDED_NAME).replace(path)


def log_path(path: Path) -> Path:
    """Return where SQLite keeps what was written to a file and is not in it yet."""
    return path.with_name(f"{path.name}-wal")


def read_seal(folder: Path) -> dict[str, Any] | None:
    """Return how the file was left by its last user; None where that is not known."""
    return read_sealed_json(folder / SEAL_NAME)


def folder_bytes(folder: Path) -> int:
    """Return the size of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _state(path: Path) -> dict[str, Any]:
    stat = path.stat()
    return {"bytes": stat.st_size, "modified_ns": stat.st_mtime_ns}


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
