"""The vectors of a catalogue: one for each distinct text, under the digest of the text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

import numpy as np

# float16 halves the file; the error of a cosine is below 0.001, see docs/decisions.md
_STORED_TYPE = np.dtype("<f2")
# SQLite takes so many parameters in one statement and no more
_MAX_PARAMETERS = 10_000


class VectorStore:
    """The table `vectors` of an open database.

    Parameters
    ----------
    sql : sqlite3.Connection
        Whoever writes opens the transaction.
    """

    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql

    @property
    def dimension(self) -> int | None:
        """Length of a vector; None while there is none."""
        row = self._sql.execute("SELECT length(vector) FROM vectors LIMIT 1").fetchone()
        return None if row is None else row[0] // _STORED_TYPE.itemsize

    def keys(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        """Return digest of a text → key of its vector, for those that are stored."""
        return dict(rows_in(self._sql, "SELECT text_digest, vector_key FROM vectors WHERE text_digest", list(digests)))

    def vectors(self, keys: list[int]) -> np.ndarray:
        """Return the vectors of these keys, float32, shape (len(keys), dimension)."""
        dimension = self.dimension or 0
        if not keys:
            return np.empty((0, dimension), dtype=np.float32)
        rows = rows_in(self._sql, "SELECT vector_key, vector FROM vectors WHERE vector_key", sorted(set(keys)))
        found = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        stored = np.frombuffer(b"".join(row[1] for row in rows), dtype=_STORED_TYPE).reshape(len(rows), dimension)
        order = np.argsort(found)
        places = order[np.searchsorted(found, np.asarray(keys, dtype=np.int64), sorter=order)]
        return stored[places].astype(np.float32)

    def put(self, digest: bytes, vector: np.ndarray) -> int:
        """Store the vector of a text that is not stored yet, and return its key."""
        cursor = self._sql.execute(
            "INSERT INTO vectors (text_digest, vector) VALUES (?, ?)", (digest, vector.astype(_STORED_TYPE).tobytes())
        )
        return int(cursor.lastrowid or 0)


def rounded(vectors: np.ndarray) -> np.ndarray:
    """Return vectors as they would come back from the store, so that a clip is judged alike before it is added."""
    return vectors.astype(_STORED_TYPE).astype(np.float32)


def rows_in(sql: sqlite3.Connection, statement: str, values: list[Any]) -> list[Any]:
    """Run a statement followed by IN (values), in pieces."""
    rows: list[Any] = []
    for start in range(0, len(values), _MAX_PARAMETERS):
        part = values[start : start + _MAX_PARAMETERS]
        rows += sql.execute(f"{statement} IN ({', '.join('?' * len(part))})", part)
    return rows
