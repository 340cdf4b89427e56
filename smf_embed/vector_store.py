"""The vectors of a catalogue: one for each distinct text and encoder, under the digest of the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smf_embed.checked_sql import KeyedSql, Sql, checked_rows, damaged

# float16 halves the file and costs no accuracy that was seen: docs/decisions.md
_STORED_TYPE = np.dtype("<f2")
# SQLite takes so many parameters in one statement and no more
_MAX_PARAMETERS = 10_000


class VectorStore:
    """The vectors of one encoder in the table `vectors` of an open database.

    Parameters
    ----------
    sql : KeyedSql
        Whoever writes opens the transaction.
    fingerprint : str
        Of the encoder.
    path : Path or str
        Of the file or the server, for errors.
    """

    def __init__(self, sql: KeyedSql, fingerprint: str, path: Path | str) -> None:
        self._sql = sql
        self._fingerprint = fingerprint
        self._path = path

    @property
    def dimension(self) -> int | None:
        """Length of a vector; None while there is none."""
        row = self._sql.execute(
            "SELECT length(vector) FROM vectors WHERE fingerprint = ? LIMIT 1", (self._fingerprint,)
        ).fetchone()
        return None if row is None else row[0] // _STORED_TYPE.itemsize

    def keys(self, digests: Iterable[bytes]) -> dict[bytes, int]:
        """Return digest of a text → key of its vector, for those that are stored."""
        statement = "SELECT text_digest, vector_key FROM vectors WHERE fingerprint = ? AND text_digest"
        return dict(rows_in(self._sql, statement, list(digests), [self._fingerprint]))

    def vectors(self, keys: Sequence[int]) -> np.ndarray:
        """Return the vectors of these keys, float32, shape (len(keys), dimension).

        Raises
        ------
        CatalogueError
            When a vector is damaged or not there.
        """
        dimension = self.dimension or 0
        result = np.empty((len(keys), dimension), dtype=np.float32)
        if not len(keys):
            return result
        wanted = np.asarray(keys, dtype=np.int64)
        distinct, places = np.unique(wanted, return_inverse=True)
        statement = "SELECT vector_key, fingerprint, text_digest, vector, row_check FROM vectors WHERE vector_key"
        rows = list(checked_rows("vectors", iter(rows_in(self._sql, statement, distinct.tolist())), self._path))
        rows.sort(key=lambda row: row[0])
        if len(rows) < len(distinct):
            raise damaged(self._path, f"{len(distinct) - len(rows)} of {len(distinct)} vectors are not stored")
        size = dimension * _STORED_TYPE.itemsize
        if any(len(row[3]) != size or row[1] != self._fingerprint for row in rows):
            raise damaged(self._path, "vectors of several encoders are in use")
        stored = np.frombuffer(b"".join(row[3] for row in rows), dtype=_STORED_TYPE).reshape(len(rows), dimension)
        return stored[places].astype(np.float32)

    def digests(self, keys: Sequence[int]) -> dict[int, bytes]:
        """Return key → digest of the text, of those vectors that are stored for this encoder and of full length."""
        statement = (
            "SELECT vector_key, text_digest FROM vectors WHERE fingerprint = ? AND length(vector) = ? AND vector_key"
        )
        size = (self.dimension or 0) * _STORED_TYPE.itemsize
        return dict(rows_in(self._sql, statement, list(keys), [self._fingerprint, size]))

    def put(self, digests: Sequence[bytes], vectors: np.ndarray) -> list[int]:
        """Store the vectors of texts that are not stored yet, shape (len(digests), dimension); return their keys."""
        keys = self._sql.new_keys("vectors", len(digests)) if digests else []
        stored = vectors.astype(_STORED_TYPE)
        self._sql.executemany(
            "INSERT INTO vectors (vector_key, fingerprint, text_digest, vector) VALUES (?, ?, ?, ?)",
            [
                (key, self._fingerprint, digest, vector.tobytes())
                for key, digest, vector in zip(keys, digests, stored, strict=True)
            ],
        )
        return keys


def rounded(vectors: np.ndarray) -> np.ndarray:
    """Return vectors as they would come back from the store, so that a clip is judged alike before it is added."""
    return vectors.astype(_STORED_TYPE).astype(np.float32)


def rows_in(sql: Sql, statement: str, values: Sequence[Any], before: Sequence[Any] = ()) -> list[Any]:
    """Run a statement followed by IN (values), in pieces; `before` are the parameters that stand in it already."""
    rows: list[Any] = []
    for start in range(0, len(values), _MAX_PARAMETERS):
        part = values[start : start + _MAX_PARAMETERS]
        rows += sql.execute(f"{statement} IN ({', '.join('?' * len(part))})", [*before, *part])
    return rows
