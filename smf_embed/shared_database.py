"""The PostgreSQL database of a shared catalogue: the tables of `smf_embed.schema`, many readers and many writers.

Transactions of writers queue at one lock of the server, so that generations follow each other as in a file. `add`
prepares and encodes a batch before it takes the lock, and looks again at what others have written since once it has it.
What must not be disturbed as a whole, such as `teach` or `reindex`, holds the same lock for the whole of it.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path

from smf_embed.clips import ID, LABEL, ClipBatch, RejectedRow
from smf_embed.database import META_KEYS, folder_bytes, new_meta, now
from smf_embed.errors import CatalogueError
from smf_embed.leftovers import sweep
from smf_embed.schema import CHECKED, SCHEMA_VERSION
from smf_embed.shared_address import note_address
from smf_embed.shared_sql import NAMESPACE, SharedConnection, SharedError, tables

# the two locks of a catalogue: to write, and to do what only one may do while others write
_WRITE, _ALONE = 0x5E_EB_ED_01, 0x5E_EB_ED_02
_LOCK_SECONDS = 600
_LOCK_NOT_AVAILABLE = "55P03"
# PostgreSQL cuts names of programs at so many bytes
_MAX_NAME = 63
# an entry of an index must fit a third of a page of 8 kB
_MAX_KEY_BYTES = 2_000
_KEY_COLUMNS = (ID, LABEL, "yt_channel_id", "yt_channel_name")


class SharedDatabase:
    """The open database of a shared catalogue; its methods are those of `smf_embed.database.Database`.

    Parameters
    ----------
    folder : Path
        The local folder, for snapshots and the model; it is made.
    address : str
        See `smf_embed.shared_address`.

    Attributes
    ----------
    sql : SharedConnection
    path : str
        The address without a password, for messages.

    Raises
    ------
    CatalogueError
        The server cannot be reached, the database holds no catalogue, or one of another format.
    """

    read_only = False

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.sql = SharedConnection(address)
        self.path = self.sql.address
        self._held: list[int] = []
        try:
            if not _has_tables(self.sql):
                raise CatalogueError(
                    f"{self.path}: holds no catalogue; make one: smf-embed add TABLE --catalogue {self.path}"
                )
            self._check_format()
            note_address(folder, address)
        except BaseException:
            self.sql.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self.sql.close()

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
        self.sql.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield self.generation
        finally:
            if self.sql.in_transaction:
                self.sql.execute("ROLLBACK")

    @contextmanager
    def keeping(self, command: str) -> Iterator[int]:
        """See one generation in the body, which may go on for long; others write meanwhile."""
        with self.reading() as generation:
            yield generation

    def adding(self, command: str, *, alone: bool = False) -> AbstractContextManager[None]:
        """Write in batches in the body, others between them; with `alone`, none that is alone, too."""
        return self._holding(_ALONE, command) if alone else nullcontext()

    @contextmanager
    def writing(self, command: str) -> Iterator[None]:
        """Be the one writer in the body, after waiting for those before; may be nested.

        Raises
        ------
        CatalogueError
            When another writes for longer than ten minutes, naming it.
        """
        if _WRITE in self._held:
            yield
            return
        with self._holding(_WRITE, command):
            sweep(self.folder, self.meta())
            yield

    @contextmanager
    def transaction(self, command: str) -> Iterator[int]:
        """Open a write transaction, after waiting for those before, and yield its generation; all of it or nothing.

        Raises
        ------
        CatalogueError
            When it cannot be written: the connection is lost, another writes for longer than ten minutes.
        """
        self.sql.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        try:
            self._name(command)
            self._wait(f"SELECT pg_advisory_xact_lock({_WRITE})", _WRITE)
            with self.sql.pipelined():
                generation = self.generation + 1
                self.sql.execute(
                    "INSERT INTO generations (generation, at, command, token) VALUES (?, ?, ?, ?)",
                    (generation, now(), command, secrets.token_hex(8)),
                )
                yield generation
            self.sql.execute("COMMIT")
        except BaseException:
            if self.sql.in_transaction:
                self.sql.execute("ROLLBACK")
            raise

    def give_room_back(self) -> None:
        """Let the server use the room of deleted rows again; it keeps what files it has."""
        self.sql.execute(f"VACUUM (ANALYZE) {', '.join(CHECKED)}")

    def writer(self) -> str:
        """Return who writes now; empty where nobody does."""
        return self._holder(_WRITE)

    def stored_bytes(self) -> int:
        """Return how much room the catalogue takes: the tables on the server, and what is in the local folder."""
        sizes = " + ".join(f"pg_total_relation_size('{table}')" for table in CHECKED)
        return int(self.sql.execute(f"SELECT {sizes}").fetchone()[0]) + folder_bytes(self.folder)

    def facts(self) -> dict[str, str]:
        """Return what `smf-embed info` tells of the server."""
        version, checksums = self.sql.execute(
            "SELECT current_setting('server_version'), current_setting('data_checksums')"
        ).fetchone()
        return {"address": self.path, "server": f"PostgreSQL {version}", "page checksums": checksums}

    def reject(self, batch: ClipBatch) -> None:
        """Move clips that PostgreSQL cannot store to the rejected rows of a batch."""
        kept = []
        for clip in batch.clips:
            reason = reason_to_reject(clip)
            if reason:
                batch.rejected.append(RejectedRow(batch.source, clip["line"], clip[ID], reason))
            else:
                kept.append(clip)
        batch.clips[:] = kept

    # -------------------------------------------------------------------------------------------------------- locks

    @contextmanager
    def _holding(self, lock: int, command: str) -> Iterator[None]:
        """Hold a lock of the server in the body; it gives the lock to others when the connection ends."""
        if lock in self._held:
            yield
            return
        self._name(command)
        self._wait(f"SELECT pg_advisory_lock({lock})", lock)
        self._held.append(lock)
        try:
            yield
        finally:
            self._held.remove(lock)
            # with the connection, the lock is gone, too; the error of that is told elsewhere
            if not self.sql.closed:
                self.sql.execute(f"SELECT pg_advisory_unlock({lock})")

    def _name(self, command: str) -> None:
        """Tell others who this is, for as long as the connection lasts."""
        name = f"smf-embed {command}, process {os.getpid()} on {socket.gethostname()}"
        name = name.encode("ascii", "replace").decode()[:_MAX_NAME]
        self.sql.execute(
            "SELECT set_config('application_name', ?, false), set_config('lock_timeout', ?, false)",
            (name, f"{_LOCK_SECONDS}s"),
        )

    def _wait(self, statement: str, lock: int) -> None:
        try:
            self.sql.execute(statement)
        except SharedError as error:
            if error.sqlstate != _LOCK_NOT_AVAILABLE:
                raise
            if self.sql.in_transaction:
                self.sql.execute("ROLLBACK")
            raise CatalogueError(
                f"{self.path}: is being written by {self._holder(lock) or 'another program'}, and that for more than "
                f"{_LOCK_SECONDS:,} s; try again when it is done"
            ) from None

    def _holder(self, lock: int) -> str:
        row = self.sql.execute(
            "SELECT application_name, usename, to_char(backend_start, 'YYYY-MM-DD HH24:MI:SSOF') "
            "FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted "
            "AND classid = 0 AND objid = ? AND objsubid = 1 "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1",
            (lock,),
        ).fetchone()
        if row is None:
            return ""
        since = f", connected since {row[2]}" if row[2] else ""  # not every role may see it
        return f"{row[0] or 'another program'} (user {row[1]}{since})"

    def _check_format(self) -> None:
        meta = self.meta()
        missing = META_KEYS - meta.keys()
        version = meta.get("schema_version", "")
        if missing or not version.isdigit():
            raise CatalogueError(
                f"{self.path}: is no catalogue of smf-embed: its table {NAMESPACE}.meta lacks "
                f"{', '.join(sorted(missing)) or 'its format'}"
            )
        if int(version) > SCHEMA_VERSION:
            raise CatalogueError(f"{self.path}: was written by a newer smf-embed (format {version}); update smf-embed")
        if int(version) < SCHEMA_VERSION:
            raise CatalogueError(
                f"{self.path}: is of an older format ({version}), and only folders are brought to a newer one: with "
                f"the smf-embed that wrote it, smf-embed copy {self.path} FOLDER, and with this one copy FOLDER to a "
                "new database"
            )


def has_tables(address: str) -> bool:
    """Tell whether there is a catalogue in a database."""
    with closing(SharedConnection(address)) as sql:
        return _has_tables(sql)


def create_tables(address: str, meta: dict[str, str]) -> None:
    """Make an empty catalogue in a database, in one step; nothing where there is one already.

    Raises
    ------
    CatalogueError
        The server cannot be reached, or the user may not make tables in the database.
    """
    with closing(SharedConnection(address)) as sql:
        sql.execute("BEGIN")
        # two programs that make it at once would both find nothing
        sql.execute(f"SELECT pg_advisory_xact_lock({_WRITE})")
        if _has_tables(sql):
            sql.execute("ROLLBACK")
            return
        sql.execute(f"CREATE SCHEMA IF NOT EXISTS {NAMESPACE}")
        for statement in tables():
            sql.execute(statement)
        sql.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", new_meta(meta).items())
        sql.execute("COMMIT")


def _has_tables(sql: SharedConnection) -> bool:
    return sql.execute(f"SELECT to_regclass('{NAMESPACE}.meta') IS NOT NULL").fetchone()[0]


def reason_to_reject(clip: dict[str, object]) -> str:
    """Return why PostgreSQL cannot store a clip; empty where it can."""
    for name, value in clip.items():
        if isinstance(value, str) and "\0" in value:
            return f"{name} has a NUL character in it, which a shared catalogue cannot store"
    for name in _KEY_COLUMNS:
        value = clip.get(name)
        if isinstance(value, str) and len(value.encode()) > _MAX_KEY_BYTES:
            return f"{name} has more than {_MAX_KEY_BYTES:,} bytes; a shared catalogue takes no more"
    return ""
