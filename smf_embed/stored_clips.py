"""What can be looked up in an open catalogue: clips, labels, keys of vectors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

from smf_embed.checked_sql import checked_rows
from smf_embed.clips import ID, NONE, TEXT_FIELDS
from smf_embed.database import now
from smf_embed.encoded_clips import EncodedClips
from smf_embed.errors import InputError
from smf_embed.learned import read_lexicon, read_projects
from smf_embed.lexicon import Lexicon
from smf_embed.preparation import RAW_KEYS
from smf_embed.schema import CHECKED, CLIP_COLUMNS
from smf_embed.vector_store import VectorStore, rows_in

if TYPE_CHECKING:
    from smf_embed.databases import AnyDatabase

_CLIP_ROW = CHECKED["clips"]
_SELECT_CLIPS = f"SELECT {', '.join(_CLIP_ROW)}, row_check FROM clips"


class StoredClips:
    """The part of a `smf_embed.catalogue.Catalogue` that answers questions about what is stored.

    Parameters
    ----------
    database : Database or SharedDatabase
        Open.

    Attributes
    ----------
    store : VectorStore
        The vectors of the encoder in use.
    person : str or None
        Whoever gives the labels that are written from now on, for the log of labels.
    """

    store: VectorStore
    person: str | None = None

    def __init__(self, database: AnyDatabase) -> None:
        self.database = database

    def __len__(self) -> int:
        return int(self.database.sql.execute("SELECT count(*) FROM clips").fetchone()[0])

    def __contains__(self, yt_reel_id: str) -> bool:
        found = self.database.sql.execute(f"SELECT 1 FROM clips WHERE {ID} = ?", (yt_reel_id,)).fetchone()
        return found is not None

    def reading(self) -> AbstractContextManager[int]:
        """See one generation of everything in the body, whatever is written meanwhile; yields its number."""
        return self.database.reading()

    @property
    def dimension(self) -> int | None:
        """Length of a vector; None while there is none."""
        return self.store.dimension

    @property
    def index_kind(self) -> str:
        """The FAISS index that similar clips are looked up in; see `smf_embed.index_kinds`."""
        return self.database.meta()["index_kind"]

    @property
    def index_facts(self) -> dict[str, Any]:
        """What was measured when the index was chosen; empty for the default."""
        return json.loads(self.database.meta().get("index_facts", "{}"))

    @property
    def generation(self) -> int:
        """The number of the newest change; 0 for an empty catalogue."""
        return self.database.generation

    def generation_token(self, generation: int) -> str | None:
        """Return the random text that tells a generation from that of another history; None where there is none."""
        statement = "SELECT token FROM generations WHERE generation = ?"
        row = self.database.sql.execute(statement, (generation,)).fetchone()
        return None if row is None else row[0]

    def counts(self) -> dict[str, int]:
        """Return how many clips, labelled clips, projects and vectors there are."""
        one = self.database.sql.execute(
            "SELECT count(*), count(project), count(DISTINCT nullif(project, ?)) FROM clips", (NONE,)
        ).fetchone()
        vectors = self.database.sql.execute("SELECT count(*) FROM vectors").fetchone()[0]
        return {"clips": one[0], "labelled": one[1], "projects": one[2], "vectors": vectors}

    def projects(self) -> list[str]:
        """Return the projects that clips are labelled with, in the order of their names; `none` among them."""
        return read_projects(self.database.sql)

    def count_written(self, after: int) -> int:
        """Return how many clips were written last after a generation; costs as much as was written."""
        statement = "SELECT count(*) FROM clips WHERE generation > ?"
        return int(self.database.sql.execute(statement, (after,)).fetchone()[0])

    def count_removed(self) -> int:
        """Return how many clips were ever removed, or a few more on a shared catalogue."""
        return self.database.sql.highest_key("clips") - len(self)

    def project_sizes(self) -> dict[str, int]:
        """Return project → number of labelled clips, largest first; `none` among them."""
        rows = self.database.sql.execute(
            "SELECT project, count(*) FROM clips WHERE project IS NOT NULL GROUP BY project ORDER BY 2 DESC, 1"
        )
        return dict(rows.fetchall())

    def clip_keys(self, ids: Sequence[str]) -> dict[str, int]:
        """Return id → key of the clips that are stored, in the order of the ids."""
        # the rows themselves, since what an index says of them has no checksum
        return {clip[ID]: clip["clip_key"] for clip in self.clips(ids)}

    def label_history(self, yt_reel_id: str) -> list[dict[str, str | None]]:
        """Return all labels that a stored clip ever had, oldest first.

        Returns
        -------
        list of dict
            `project` (None where the label was taken away), `source` (table, person or model) and `at` (UTC).
        """
        key = self.clip_keys([yt_reel_id]).get(yt_reel_id)
        columns = CHECKED["labels"]
        statement = f"SELECT {', '.join(columns)}, row_check FROM labels WHERE clip_key = ? ORDER BY label_key"
        rows = checked_rows("labels", iter(self.database.sql.execute(statement, (key,))), self.database.path)
        labels = [dict(zip(columns, row, strict=True)) for row in rows]
        return [{name: label[name] for name in ("project", "source", "at")} for label in labels]

    def label_log(
        self,
        since: str | None = None,
        *,
        yt_reel_id: str | None = None,
        person: str | None = None,
        source: str | None = None,
        most: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return who gave which label when, oldest first, also of clips that are gone.

        Parameters
        ----------
        since : str, optional
            Time in UTC, ISO 8601; nothing older is listed.
        yt_reel_id : str, optional
            Only labels of this clip.
        person : str, optional
            Only what this person did.
        source : str, optional
            Only labels of a `table`, a `person` or a `model`.
        most : int, optional
            So many of the newest.

        Returns
        -------
        list of dict
            The columns of the table `label_log`, see `smf_embed.schema`.
        """
        columns = CHECKED["label_log"]
        conditions: dict[str, list[Any]] = {"1 = 1": []}
        if since is not None:
            conditions["at >= ?"] = [since]
        if yt_reel_id is not None:
            conditions[f"{ID} = ?"] = [yt_reel_id]
        if person is not None:
            conditions["person = ?"] = [person]
        if source is not None:
            conditions["source = ?"] = [source]
        statement = (
            f"SELECT {', '.join(columns)}, row_check FROM label_log WHERE {' AND '.join(conditions)} "
            f"ORDER BY log_key DESC{'' if most is None else ' LIMIT ?'}"
        )
        values = [value for part in conditions.values() for value in part]
        rows = self.database.sql.execute(statement, values if most is None else [*values, most])
        found = [
            dict(zip(columns, row, strict=True)) for row in checked_rows("label_log", iter(rows), self.database.path)
        ]
        return found[::-1]

    def label_sources(self, clip_keys: Sequence[int]) -> dict[int, tuple[str, str]]:
        """Return clip → source (table, person or model) and time of its newest label; unlabelled clips are left out."""
        columns = CHECKED["labels"]
        statement = f"SELECT {', '.join(columns)}, row_check FROM labels WHERE clip_key"
        rows = rows_in(self.database.sql, statement, list(clip_keys))
        newest: dict[int, tuple[str, str]] = {}
        for row in sorted(checked_rows("labels", iter(rows), self.database.path)):
            _, clip_key, project, source, at, _ = row
            if project is None:
                newest.pop(clip_key, None)
            else:
                newest[clip_key] = (source, at)
        return newest

    def clips(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the stored clips of these ids, in their order; ids that are not stored are left out."""
        distinct = list(dict.fromkeys(ids))
        found = {clip[ID]: clip for clip in self._clips_in(ID, distinct)}
        return [found[identifier] for identifier in distinct if identifier in found]

    def clips_with_vectors(self, text_field: str, vector_keys: Sequence[int]) -> list[dict[str, Any]]:
        """Return the clips whose `text_field` has one of these vectors, in no special order."""
        return self._clips_in(f"{text_field}_vector", [int(key) for key in vector_keys])

    def clip_batches(self, size: int) -> Iterator[list[dict[str, Any]]]:
        """Yield all clips in pieces, oldest first; take them within `reading` to see one generation."""
        after = 0
        while True:
            statement = f"{_SELECT_CLIPS} WHERE clip_key > ? ORDER BY clip_key LIMIT ?"
            batch = self._as_clips(self.database.sql.execute(statement, (after, size)))
            if not batch:
                return
            yield batch
            after = batch[-1]["clip_key"]

    def stored(self, ids: Sequence[str]) -> EncodedClips:
        """Return the stored clips of these ids with their stored vectors; see `clips`."""
        with self.reading():
            return self.with_vectors(self.clips(ids))

    def with_vectors(self, clips: list[dict[str, Any]]) -> EncodedClips:
        """Return stored clips, as `clips` gives them, with their stored vectors; of one generation within `reading`."""
        dimension = self.dimension or 0
        vectors = {}
        for name in TEXT_FIELDS:
            result = np.zeros((len(clips), dimension), dtype=np.float32)
            rows = [row for row, clip in enumerate(clips) if clip[f"{name}_vector"] is not None]
            result[rows] = self.store.vectors([clips[row][f"{name}_vector"] for row in rows])
            vectors[name] = result
        return EncodedClips(clips, vectors)

    def labelled(self) -> EncodedClips:
        """Return all labelled clips with their vectors, oldest first; `clip["cartoon"]` is the newest label."""
        with self.reading():
            statement = f"{_SELECT_CLIPS} WHERE project IS NOT NULL ORDER BY clip_key"
            return self.with_vectors(self._as_clips(self.database.sql.execute(statement)))

    def vector_keys(self, text_field: str, after: int = 0) -> np.ndarray:
        """Return the keys of the vectors that clips written after a generation have in `text_field`, int64, sorted."""
        name = f"{text_field}_vector"
        where, values = (f"{name} IS NOT NULL AND generation > ?", [after]) if after else (f"{name} IS NOT NULL", [])
        rows = self.database.sql.execute(f"SELECT DISTINCT {name} FROM clips WHERE {where} ORDER BY 1", values)
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def count_vectors(self, text_field: str) -> int:
        """Return how many vectors clips have in `text_field`."""
        name = f"{text_field}_vector"
        distinct = f"SELECT DISTINCT {name} FROM clips WHERE {name} IS NOT NULL"
        return int(self.database.sql.execute(f"SELECT count(*) FROM ({distinct}) AS found").fetchone()[0])

    def vector_keys_where(
        self,
        text_field: str,
        *,
        project: str | None = None,
        channel: str | None = None,
        labelled: bool = False,
        language: str | None = None,
    ) -> np.ndarray:
        """Return the keys of the vectors that clips of a kind have in `text_field`, int64, sorted.

        Parameters
        ----------
        text_field : str
        project : str, optional
            The newest label.
        channel : str, optional
            Id or name.
        labelled : bool
            Only clips that have a label; `none` is one.
        language : str, optional
            As in the column `language`.
        """
        name = f"{text_field}_vector"
        conditions: dict[str, list[str]] = {f"{name} IS NOT NULL": []}
        if project is not None:
            conditions["project = ?"] = [project]
        if channel is not None:
            conditions["(yt_channel_id = ? OR yt_channel_name = ?)"] = [channel, channel]
        if labelled:
            conditions["project IS NOT NULL"] = []
        if language is not None:
            conditions["language = ?"] = [language]
        rows = self.database.sql.execute(
            f"SELECT DISTINCT {name} FROM clips WHERE {' AND '.join(conditions)} ORDER BY 1",
            [value for values in conditions.values() for value in values],
        )
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def vectors(self, keys: np.ndarray) -> np.ndarray:
        """Return the vectors with these keys, float32, shape (len(keys), dimension)."""
        return self.store.vectors(keys.tolist())

    def lexicon(self) -> Lexicon:
        """Return the names and aliases that people gave."""
        return read_lexicon(self.database.sql)

    def table_label(self, clip_key: int) -> str | None:
        """Return the label that a clip had from a table last."""
        row = self.database.sql.execute(
            "SELECT project FROM labels WHERE clip_key = ? AND source = 'table' ORDER BY label_key DESC", (clip_key,)
        ).fetchone()
        return row and row[0]

    def stored_like(self, clips: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return id → stored clip, of those clips whose raw texts and channel are stored as they are."""
        stored = {clip[ID]: clip for clip in self._clips_in(ID, [clip[ID] for clip in clips])}
        for clip in clips:
            there = stored.get(clip[ID])
            # an id that comes twice must be so both times
            if there is not None and any(clip[key] != there[key] for key in RAW_KEYS):
                del stored[clip[ID]]
        return stored

    def put_label(
        self, clip_key: int, project: str | None, source: str, generation: int, undoes: int | None = None
    ) -> None:
        """Write a label, and who gave it, within an open transaction.

        Parameters
        ----------
        clip_key : int
        project : str or None
        source : str
            `table`, `person` or `model`.
        generation : int
            Of the transaction.
        undoes : int, optional
            The generation whose label is taken back by this one.
        """
        at = now()
        self.database.sql.execute(
            "INSERT INTO labels (clip_key, project, source, at, generation) VALUES (?, ?, ?, ?, ?)",
            (clip_key, project, source, at, generation),
        )
        self.database.sql.execute(
            f"INSERT INTO label_log ({ID}, project, was, source, person, at, generation, undoes) "
            f"SELECT {ID}, ?, project, ?, ?, ?, ?, ? FROM clips WHERE clip_key = ?",
            (project, source, self.person, at, generation, undoes, clip_key),
        )
        self.database.sql.execute(
            "UPDATE clips SET project = ?, generation = ? WHERE clip_key = ?", (project, generation, clip_key)
        )

    def _clips_in(self, column: str, values: list[Any]) -> list[dict[str, Any]]:
        return self._as_clips(rows_in(self.database.sql, f"{_SELECT_CLIPS} WHERE {column}", values))

    def _as_clips(self, rows: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
        checked = checked_rows("clips", iter(rows), self.database.path)
        return [dict(zip(CLIP_COLUMNS, row, strict=False)) for row in checked]


def project_name(given: str) -> str:
    """Return the name of a project as it is stored; `none` in any case is `none`.

    Raises
    ------
    InputError
        A name without a character.
    """
    name = " ".join(given.split())
    if not name:
        raise InputError(f"a project must have a name; for clips of no tracked project it is {NONE!r}")
    return NONE if name.casefold() == NONE else name
