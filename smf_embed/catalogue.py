"""The catalogue: clips, labels and vectors in one SQLite file, which is the truth.

Everything else (FAISS snapshots, the model) can be made again from it. One `add` is many transactions, one a batch:
a run that is killed loses at most the batch in flight. Vectors are kept under the digest of the cleaned text, for the
one encoder that the catalogue is made for: no text is ever encoded twice, and vectors of two encoders never meet.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from smf_embed.clips import CLIP_FIELDS, ID, LABEL, NONE, ClipBatch, RejectedRow, repeated_id_reason
from smf_embed.encoded_clips import EncodedClips, text_digest
from smf_embed.encoder import BUILTIN, Encoder
from smf_embed.errors import CatalogueError, InputError
from smf_embed.files import replace_atomically, write_json
from smf_embed.learned import read_preparation, write_learned
from smf_embed.lexicon import Lexicon
from smf_embed.preparation import RAW_KEYS, TEXT_FIELDS, Preparation, count_words
from smf_embed.schema import CLIP_COLUMNS, PREPARED, SCHEMA, SCHEMA_VERSION, STORED
from smf_embed.vector_store import VectorStore, rounded, rows_in

FILE_NAME = "catalogue.sqlite"
LEXICON_NAME = "lexicon.json"
_ALL_FIELDS = frozenset(STORED)
_SELECT_CLIPS = f"SELECT {', '.join('project' if name == LABEL else name for name in CLIP_COLUMNS)} FROM clips WHERE"


@dataclass
class AddReport:
    """What an `add` did; each clip of the tables is counted once, under the first four."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)
    labelled: int = 0
    encoded_texts: int = 0
    mended: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


class Catalogue:
    """A catalogue on disk.

    Parameters
    ----------
    folder : path
        The folder that holds it.
    create : bool
        Make an empty one where there is none, for `encoder`.
    encoder : str, optional
        Name of the encoder. A catalogue keeps the one that it was made with; naming another is an error.

    Raises
    ------
    CatalogueError
        No catalogue in the folder, one that is damaged, newer than this program, or of another encoder.
    EncoderError
        `encoder` cannot be loaded.
    """

    def __init__(self, folder: str | Path, *, create: bool = False, encoder: str | None = None) -> None:
        self.folder = Path(folder)
        self.path = self.folder / FILE_NAME
        if self.folder.exists() and not self.folder.is_dir():
            raise CatalogueError(f"{self.folder}: is a file; a catalogue is a folder")
        if not self.path.exists():
            if not create:
                raise CatalogueError(f"{self.folder}: holds no catalogue; make one: smf-embed add TABLE")
            self._create(Encoder(encoder or BUILTIN))
        self._sql = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        self._store = VectorStore(self._sql)
        try:
            self._meta = self._read_meta()
            self.encoder = Encoder(self._meta["encoder"])
            self._encoder_checked = False
            self._learned_ahead = False
            if encoder is not None and encoder != self.encoder.name:
                self._expect(Encoder(encoder))
        except BaseException:
            self._sql.close()
            raise

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return int(self._sql.execute("SELECT count(*) FROM clips").fetchone()[0])

    def __contains__(self, yt_reel_id: str) -> bool:
        return self._sql.execute(f"SELECT 1 FROM clips WHERE {ID} = ?", (yt_reel_id,)).fetchone() is not None

    def __repr__(self) -> str:
        return f"Catalogue({str(self.folder)!r}, {len(self)} clips, encoder {self.encoder.name!r})"

    def close(self) -> None:
        """Close the file; the catalogue cannot be used afterwards."""
        self._sql.close()

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the encoder whose vectors are stored."""
        return self._meta["fingerprint"]

    @property
    def catalogue_id(self) -> str:
        """16 hexadecimal digits that no other catalogue has."""
        return self._meta["catalogue_id"]

    @property
    def dimension(self) -> int | None:
        """Length of a vector; None while there is none."""
        return self._store.dimension

    @property
    def generation(self) -> int:
        """The number of the newest change; 0 for an empty catalogue."""
        return int(self._sql.execute("SELECT coalesce(max(generation), 0) FROM generations").fetchone()[0])

    @functools.cached_property
    def preparation(self) -> Preparation:
        """What was learned from clips, to prepare the texts of others with; read when it is first asked for."""
        return read_preparation(self._sql, self.lexicon())

    # ---------------------------------------------------------------------------------------------------- writing

    def learn(self, batches: Iterable[ClipBatch], progress: Callable[[ClipBatch], None] | None = None) -> None:
        """Learn the words and the boilerplate of a table that is going to be added.

        Without it, `add` learns from each batch before it prepares the batch, and the first clips of a table profit
        less than the last. Nothing is written before `add` is called with the same table.
        """
        for batch in batches:
            clips = self._completed(batch.clips)
            known = self._stored_like(clips)
            self.preparation.learn([clip for clip in clips if clip[ID] not in known])
            if progress:
                progress(batch)
        self._learned_ahead = True

    def add(
        self, batches: Iterable[ClipBatch], progress: Callable[[ClipBatch, AddReport], None] | None = None
    ) -> AddReport:
        """Insert new clips and update changed ones, a transaction a batch.

        A filled `cartoon` is a label from the table; an empty one leaves the label as it is. A label that a person
        gave stands until the table's own changes. An empty cell clears what is stored; a column that the table does
        not have leaves it.

        Parameters
        ----------
        batches : iterable of ClipBatch
            See `smf_embed.clip_tables.iter_clips`.
        progress : callable, optional
            Called after each batch is committed.

        Returns
        -------
        AddReport
        """
        started = time.monotonic()
        report = AddReport()
        try:
            self._add_batches(batches, report, progress)
        except BaseException:
            # what was learned for the failed batch is not in the file; it is read again when it is next asked for
            self.__dict__.pop("preparation", None)
            raise
        finally:
            self._learned_ahead = False
        report.seconds = time.monotonic() - started
        return report

    def _add_batches(
        self,
        batches: Iterable[ClipBatch],
        report: AddReport,
        progress: Callable[[ClipBatch, AddReport], None] | None,
    ) -> None:
        lines: dict[str, int] = {}
        outcomes: dict[str, str] = {}
        for batch in batches:
            report.rejected += batch.rejected
            report.mended += batch.mended
            latest: dict[str, dict[str, Any]] = {}
            for clip in batch.clips:
                if clip[ID] in lines:
                    reason = repeated_id_reason(clip["line"])
                    report.rejected.append(RejectedRow(batch.source, lines[clip[ID]], clip[ID], reason))
                lines[clip[ID]] = clip["line"]
                latest[clip[ID]] = clip
            self._add_batch([*latest.values()], report, outcomes)
            if progress:
                progress(batch, report)

    def _add_batch(self, clips: list[dict[str, Any]], report: AddReport, outcomes: dict[str, str]) -> None:
        clips = self._completed(clips)
        digests = [_row_digest(clip) for clip in clips]
        ids = [clip[ID] for clip in clips]
        stored = rows_in(self._sql, f"SELECT {ID}, clip_key, row_digest FROM clips WHERE {ID}", ids)
        known = {row[0]: (row[1], row[2]) for row in stored}
        changed = [
            (clip, digest)
            for clip, digest in zip(clips, digests, strict=True)
            if clip[ID] not in known or known[clip[ID]][1] != digest
        ]
        new = {clip[ID]: "updated" if clip[ID] in known else "added" for clip, _ in changed}
        if changed:
            self._write_clips(changed, known, report)
        for clip in clips:
            outcome, before = new.get(clip[ID], "unchanged"), outcomes.get(clip[ID], "unchanged")
            if clip[ID] in outcomes:  # a row of an earlier batch; what it did counts before what this one did
                setattr(report, before, getattr(report, before) - 1)
                outcome = outcome if before == "unchanged" else before
            outcomes[clip[ID]] = outcome
            setattr(report, outcome, getattr(report, outcome) + 1)

    def _completed(self, clips: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Fill in what is stored of fields that the table has no column for, so that a narrow table erases nothing."""
        partial = [clip[ID] for clip in clips if _ALL_FIELDS - _told(clip)]
        stored = {clip[ID]: clip for clip in self._clips_in(ID, partial)}
        return [
            clip | {name: stored[clip[ID]][name] for name in STORED if name not in _told(clip) and clip[name] is None}
            if clip[ID] in stored
            else clip
            for clip in clips
        ]

    def _write_clips(
        self, changed: list[tuple[dict[str, Any], bytes]], known: dict[str, tuple[int, bytes]], report: AddReport
    ) -> None:
        old = self._stored_like([clip for clip, _ in changed])
        new = [clip for clip, _ in changed if clip[ID] not in old]
        words = count_words(new) if self._learned_ahead else self.preparation.learn(new)
        prepared = [clip | self._prepared(clip, old) for clip, _ in changed]
        text_digests = _text_digests(prepared)
        keys = self._store.keys(text_digests.values())
        missing = [text for text, digest in text_digests.items() if digest not in keys]
        vectors = self._encode(missing)
        labelled = 0
        with self._transaction("add") as generation:
            for text, vector in zip(missing, vectors, strict=True):
                keys[text_digests[text]] = self._store.put(text_digests[text], vector)
            write_learned(self._sql, words, self.preparation.boilerplate)
            columns = [*STORED, *PREPARED, "row_digest", "generation"]
            insert = f"INSERT INTO clips ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
            update = f"UPDATE clips SET {', '.join(f'{name} = ?' for name in columns)} WHERE clip_key = ?"
            for clip, (_, digest) in zip(prepared, changed, strict=True):
                for name in TEXT_FIELDS:
                    text = clip[f"{name}_text"]
                    clip[f"{name}_vector"] = keys[text_digests[text]] if text else None
                values = [*(clip[name] for name in (*STORED, *PREPARED)), digest, generation]
                if clip[ID] in known:
                    clip_key = known[clip[ID]][0]
                    self._sql.execute(update, [*values, clip_key])
                else:
                    clip_key = int(self._sql.execute(insert, values).lastrowid or 0)
                if clip[LABEL] is not None and self._table_label(clip_key) != clip[LABEL]:
                    self._label(clip_key, clip[LABEL], "table", generation)
                    labelled += 1
        report.labelled += labelled
        report.encoded_texts += len(missing)

    def _table_label(self, clip_key: int) -> str | None:
        row = self._sql.execute(
            "SELECT project FROM labels WHERE clip_key = ? AND source = 'table' ORDER BY label_key DESC", (clip_key,)
        ).fetchone()
        return row and row[0]

    def _label(self, clip_key: int, project: str | None, source: str, generation: int) -> None:
        self._sql.execute(
            "INSERT INTO labels (clip_key, project, source, at, generation) VALUES (?, ?, ?, ?, ?)",
            (clip_key, project, source, _now(), generation),
        )
        self._sql.execute("UPDATE clips SET project = ? WHERE clip_key = ?", (project, clip_key))

    # ---------------------------------------------------------------------------------------------------- reading

    def counts(self) -> dict[str, int]:
        """Return how many clips, labelled clips, projects and vectors there are."""
        one = self._sql.execute(
            "SELECT count(*), count(project), count(DISTINCT nullif(project, ?)) FROM clips", (NONE,)
        ).fetchone()
        vectors = self._sql.execute("SELECT count(*) FROM vectors").fetchone()[0]
        return {"clips": one[0], "labelled": one[1], "projects": one[2], "vectors": vectors}

    def project_sizes(self) -> dict[str, int]:
        """Return project → number of labelled clips, largest first; `none` among them."""
        rows = self._sql.execute(
            "SELECT project, count(*) FROM clips WHERE project IS NOT NULL GROUP BY project ORDER BY 2 DESC, 1"
        )
        return dict(rows.fetchall())

    def clips(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the stored clips of these ids, in their order; ids that are not stored are left out."""
        distinct = list(dict.fromkeys(ids))
        found = {clip[ID]: clip for clip in self._clips_in(ID, distinct)}
        return [found[identifier] for identifier in distinct if identifier in found]

    def clips_with_vectors(self, text_field: str, vector_keys: Sequence[int]) -> list[dict[str, Any]]:
        """Return the clips whose `text_field` has one of these vectors, in no special order."""
        return self._clips_in(f"{text_field}_vector", [int(key) for key in vector_keys])

    def stored(self, ids: Sequence[str]) -> EncodedClips:
        """Return the stored clips of these ids with their stored vectors; see `clips`."""
        return self._with_vectors(self.clips(ids))

    def labelled(self) -> EncodedClips:
        """Return all labelled clips with their vectors, oldest first; `clip["cartoon"]` is the newest label."""
        return self._with_vectors(
            _as_clips(self._sql.execute(f"{_SELECT_CLIPS} project IS NOT NULL ORDER BY clip_key"))
        )

    def encoded(
        self, clips: Sequence[dict[str, Any]], progress: Callable[[int], None] | None = None
    ) -> tuple[EncodedClips, int]:
        """Give clips of a table their vectors, from the store where their texts are known.

        Nothing is written. The encoder is loaded only if some text is new.

        Parameters
        ----------
        clips : sequence of dict
        progress : callable, optional
            Called with the number of texts that were encoded since the last call.

        Returns
        -------
        clips : EncodedClips
        encoded_texts : int
            How many texts had to be encoded.
        """
        old = self._stored_like(clips)
        prepared = [clip | self._prepared(clip, old) for clip in clips]
        digests = _text_digests(prepared)
        keys = self._store.keys(digests.values())
        missing = [text for text, digest in digests.items() if digest not in keys]
        new = self._encode(missing, progress)
        dimension = self.dimension or new.shape[1]
        order = {text: row for row, text in enumerate(missing)}
        vectors = {}
        for name in TEXT_FIELDS:
            column = [clip[f"{name}_text"] for clip in prepared]
            result = np.zeros((len(clips), dimension), dtype=np.float32)
            known = [row for row, text in enumerate(column) if text and text not in order]
            fresh = [row for row, text in enumerate(column) if text in order]
            result[known] = self._store.vectors([keys[digests[column[row]]] for row in known])
            # rounded as the store would, so that a clip is judged alike before and after it is added
            result[fresh] = rounded(new[[order[column[row]] for row in fresh]])
            vectors[name] = result
        return EncodedClips(prepared, vectors), len(missing)

    def encode_title(self, title: str) -> np.ndarray:
        """Return the vector of a title, float32, shape (dimension,); from the store where it is known."""
        text = self.preparation.prepare_title(title).text
        keys = self._store.keys([text_digest(text)])
        if keys:
            return self._store.vectors(list(keys.values()))[0]
        return rounded(self._encode([text]))[0]

    def vector_keys(self, text_field: str, after: int = 0) -> np.ndarray:
        """Return the keys of the vectors that clips written after a generation have in `text_field`, int64, sorted."""
        name = f"{text_field}_vector"
        rows = self._sql.execute(
            f"SELECT DISTINCT {name} FROM clips WHERE {name} IS NOT NULL AND generation > ? ORDER BY 1", (after,)
        )
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def vectors(self, keys: np.ndarray) -> np.ndarray:
        """Return the vectors with these keys, float32, shape (len(keys), dimension)."""
        return self._store.vectors(keys.tolist())

    def lexicon(self) -> Lexicon:
        """Return the names and aliases that people gave.

        Raises
        ------
        CatalogueError
            When the file is damaged.
        """
        path = self.folder / LEXICON_NAME
        if not path.exists():
            return Lexicon()
        try:
            return Lexicon.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, InputError) as error:
            raise CatalogueError(f"{path}: is damaged: {error}; import the names again") from error

    def save_lexicon(self, lexicon: Lexicon) -> None:
        """Replace the names and aliases that people gave; `fit` learns with them."""
        write_json(self.folder / LEXICON_NAME, lexicon.to_json())

    # ------------------------------------------------------------------------------------------------------ inside

    def _stored_like(self, clips: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return id → stored clip, of those clips whose raw texts and channel are stored as they are."""
        stored = {clip[ID]: clip for clip in self._clips_in(ID, [clip[ID] for clip in clips])}
        return {
            clip[ID]: stored[clip[ID]]
            for clip in clips
            if clip[ID] in stored and all(clip[key] == stored[clip[ID]][key] for key in RAW_KEYS)
        }

    def _prepared(self, clip: dict[str, Any], old: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Return the texts of a clip as they were prepared before, or else prepare them now."""
        if clip[ID] in old:
            return {name: old[clip[ID]][name] for name in PREPARED}
        now = self.preparation.prepare(clip)
        changes = [[change.start, change.before, change.after, change.reason] for change in now.corrections]
        texts = {f"{name}_text": text or None for name, text in now.texts.items()}
        return texts | {"corrections": json.dumps(changes, ensure_ascii=False) if changes else None}

    def _with_vectors(self, clips: list[dict[str, Any]]) -> EncodedClips:
        dimension = self.dimension or 0
        vectors = {}
        for name in TEXT_FIELDS:
            result = np.zeros((len(clips), dimension), dtype=np.float32)
            rows = [row for row, clip in enumerate(clips) if clip[f"{name}_vector"] is not None]
            result[rows] = self._store.vectors([clips[row][f"{name}_vector"] for row in rows])
            vectors[name] = result
        return EncodedClips(clips, vectors)

    def _clips_in(self, column: str, values: list[Any]) -> list[dict[str, Any]]:
        return _as_clips(rows_in(self._sql, f"{_SELECT_CLIPS} {column}", values))

    def _encode(self, texts: list[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        if not texts:
            return np.empty((0, self.dimension or 0), dtype=np.float32)
        if not self._encoder_checked:
            self._expect(self.encoder)
            self._encoder_checked = True
        return self.encoder.encode(texts, progress)

    def _expect(self, encoder: Encoder) -> None:
        if encoder.fingerprint != self.fingerprint:
            raise CatalogueError(
                f"{self.folder}: holds vectors of encoder {self._meta['encoder']!r} (fingerprint {self.fingerprint}), "
                f"not of {encoder.name!r} (fingerprint {encoder.fingerprint}); vectors of two encoders cannot be "
                f"compared. Use another folder: smf-embed add TABLE --encoder {encoder.name} --catalogue DIR"
            )

    @contextmanager
    def _transaction(self, command: str) -> Iterator[int]:
        """Open a write transaction and yield its generation; all of it is written, or nothing."""
        try:
            self._sql.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise CatalogueError(f"{self.path}: cannot be written: {error}") from error
        try:
            generation = self.generation + 1
            self._sql.execute("INSERT INTO generations VALUES (?, ?, ?)", (generation, _now(), command))
            yield generation
            self._sql.execute("COMMIT")
        except BaseException as error:
            if self._sql.in_transaction:
                self._sql.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise CatalogueError(f"{self.path}: cannot be written: {error}; nothing of it was changed") from error
            raise

    def _read_meta(self) -> dict[str, str]:
        try:
            self._sql.execute("PRAGMA foreign_keys = ON")
            meta = dict(self._sql.execute("SELECT key, value FROM meta").fetchall())
            version = int(meta["schema_version"])
            if not {"encoder", "fingerprint", "catalogue_id"} <= meta.keys():
                raise KeyError("encoder")
        except (sqlite3.Error, KeyError, ValueError) as error:
            raise CatalogueError(f"{self.path}: is damaged or no catalogue: {error}") from error
        if version > SCHEMA_VERSION:
            raise CatalogueError(f"{self.path}: was written by a newer smf-embed (format {version}); update smf-embed")
        return meta

    def _create(self, encoder: Encoder) -> None:
        fingerprint = encoder.fingerprint  # an encoder that cannot be loaded leaves no catalogue behind
        self.folder.mkdir(parents=True, exist_ok=True)
        meta = {
            "schema_version": str(SCHEMA_VERSION),
            "encoder": encoder.name if encoder.name == BUILTIN else _absolute(encoder.name),
            "fingerprint": fingerprint,
            "fingerprint_parts": json.dumps(encoder.fingerprint_parts, ensure_ascii=False),
            "created": _now(),
            # tells this catalogue from another in the same folder, whose keys begin at 1, too
            "catalogue_id": secrets.token_hex(8),
        }
        with replace_atomically(self.path) as temporary:
            connection = sqlite3.connect(temporary)
            connection.execute("PRAGMA journal_mode = WAL")  # kept in the file: readers go on while one writes
            with connection:
                connection.executescript(SCHEMA)
                connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            connection.close()


def _as_clips(rows: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(zip(CLIP_COLUMNS, row, strict=True)) for row in rows]


def _text_digests(clips: Iterable[dict[str, Any]]) -> dict[str, bytes]:
    texts = (clip[f"{name}_text"] for clip in clips for name in TEXT_FIELDS)
    return {text: text_digest(text) for text in texts if text}


def _told(clip: dict[str, Any]) -> frozenset[str]:
    return clip.get("given", _ALL_FIELDS)


def _row_digest(clip: dict[str, Any]) -> bytes:
    row = json.dumps([clip[name] for name in CLIP_FIELDS], ensure_ascii=False)
    return hashlib.blake2b(row.encode("utf-8"), digest_size=16).digest()


def _absolute(name: str) -> str:
    return str(Path(name).resolve()) if Path(name).is_dir() else name


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
