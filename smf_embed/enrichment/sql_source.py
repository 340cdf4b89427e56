"""Clips from a database, by a query whose columns are named as those of the clip table. Nothing is written there."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from smf_embed.clips import COLUMNS, ID, LABEL
from smf_embed.enrichment.quota import Quota
from smf_embed.enrichment.states import (
    Answer,
    ChannelAnswer,
    Page,
    SourceError,
    State,
    UnreachableError,
    extra_is_missing,
    state_of,
)
from smf_embed.errors import InputError

URL_VARIABLE = "SMF_EMBED_DATABASE_URL"
_CHANNEL = "yt_channel_id"
_POSTGRESQL = {"postgres", "postgresql"}


class SqlQuery:
    """A query of a database.

    Parameters
    ----------
    query : str
        A SELECT with a column `yt_reel_id` and any others of the clip table; `cartoon` is not read. Only the rows of
        the clips in question are asked for.
    url : str, optional
        SQLAlchemy's address of the database, with user and password; the environment variable
        `SMF_EMBED_DATABASE_URL` where it is not given. It is never shown.

    Raises
    ------
    SourceError
        There is no address, or it is none.
    InputError
        No query, or the extra `sql` is not installed.
    """

    name = "the database"
    batch_size = 500
    knows_all = False
    quota: Quota | None = None

    def __init__(self, query: str, url: str | None = None) -> None:
        url = (os.environ.get(URL_VARIABLE, "") if url is None else url).strip()
        if not url:
            raise SourceError(f"{self.name} needs an address; put it into the environment variable {URL_VARIABLE}")
        query = query.strip().rstrip(";").strip()
        if not query:
            raise InputError("the query of the database is empty")
        try:
            import sqlalchemy
        except ImportError as error:
            raise extra_is_missing(self.name, error, "sql") from error
        self.notes: list[str] = []
        # what looks like a parameter in the query is none: a cast, a time
        self._query = query.replace(":", r"\:")
        try:
            address = sqlalchemy.make_url(url)
            if address.drivername in _POSTGRESQL:
                address = address.set(drivername="postgresql+psycopg")
            self._secrets = [part for part in (address.password, address.username, url) if part]
            read_only = {"postgresql_readonly": True} if address.get_backend_name() == "postgresql" else {}
            self._engine = sqlalchemy.create_engine(
                address, hide_parameters=True, execution_options=read_only, poolclass=sqlalchemy.pool.NullPool
            )
        except ImportError as error:
            raise extra_is_missing(self.name, error, "sql") from None
        except (sqlalchemy.exc.ArgumentError, ValueError):
            # the message of SQLAlchemy may hold the address
            raise SourceError(
                f"what {URL_VARIABLE} holds is no address of a database: DIALECT://USER@HOST/NAME"
            ) from None

    def fetch(self, ids: Sequence[str], with_subtitles: Collection[str] = ()) -> dict[str, Answer]:
        """Return the answer for each id; see `Source`."""
        found = {}
        for row in self._rows("*", ID, ids):
            if ID not in row:
                raise SourceError(f"the query of {self.name} has no column {ID}")
            cells = {name: row[name] for name in COLUMNS if name in row and name != LABEL}
            cells[ID] = str(cells[ID]).strip()
            found[cells[ID]] = state_of(cells)
        missing = Answer(State.NOT_FOUND, f"the query of {self.name} has no such clip")
        return {identifier: found.get(identifier, missing) for identifier in dict.fromkeys(ids)}

    def find_channels(self, given: Sequence[str]) -> dict[str, ChannelAnswer]:
        """Return the answer for each channel, named by its id; see `Source`."""
        there = {row[_CHANNEL] for row in self._rows(f"DISTINCT {_CHANNEL}", _CHANNEL, given)}
        missing = ChannelAnswer(None, reason=f"the query of {self.name} has no clip of it")
        return {one: ChannelAnswer(one, one) if one in there else missing for one in given}

    def uploads(self, uploads: str, page: str | None) -> Page:
        """Return the ids of all clips of a channel as one page; see `Source`."""
        rows = self._rows(ID, _CHANNEL, [uploads])
        return Page({str(row[ID]).strip(): Answer(State.LISTED) for row in rows if row[ID] is not None})

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()

    def _rows(self, columns: str, key: str, values: Sequence[str]) -> list[dict[str, Any]]:
        import sqlalchemy

        # a line of its own, since the query may end in a remark
        whole = f"SELECT {columns} FROM (\n{self._query}\n) AS clips WHERE {key} IN :values"
        statement = sqlalchemy.text(whole).bindparams(sqlalchemy.bindparam("values", expanding=True))
        with self._connected() as connection:
            return [dict(row) for row in connection.execute(statement, {"values": list(values)}).mappings()]

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        import sqlalchemy

        connection = None
        try:
            with self._engine.connect() as connection:
                if self._engine.dialect.name == "sqlite":
                    connection.execute(sqlalchemy.text("PRAGMA query_only = ON"))
                yield connection
        except sqlalchemy.exc.SQLAlchemyError as error:
            reason = self._told(error)
            # drivers give a wrong query the same kind of error as a server that is away
            if connection is None or getattr(error, "connection_invalidated", False):
                raise UnreachableError(f"{self.name} does not answer: {reason}") from None
            raise SourceError(f"the query of {self.name} cannot be used: {reason}") from None

    def _told(self, error: Any) -> str:
        """Return the first line of what a driver says, without user and password."""
        lines = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
        told = lines[0]
        for secret in self._secrets:
            told = told.replace(secret, "…")
        return told
