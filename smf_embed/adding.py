"""Adding tables to a catalogue: in batches, a transaction each; a killed run loses at most the batch in flight."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from smf_embed.clips import CLIP_FIELDS, ID, LABEL, TEXT_FIELDS, ClipBatch, RejectedRow, repeated_id_reason
from smf_embed.learned import write_learned
from smf_embed.preparation import Preparation, count_words
from smf_embed.schema import PREPARED, STORED
from smf_embed.typos import WordCounts
from smf_embed.vector_store import rows_in

if TYPE_CHECKING:
    from smf_embed.catalogue import Catalogue

_ALL_FIELDS = frozenset(STORED)


@dataclass
class AddReport:
    """What an `add` did; each clip of the tables is counted once, under the first four.

    Attributes
    ----------
    stopped : bool
        It was asked to stop before the end; what is counted is stored.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)
    labelled: int = 0
    encoded_texts: int = 0
    mended: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    stopped: bool = False

    @property
    def clips(self) -> int:
        """How many clips were taken."""
        return self.added + self.updated + self.unchanged

    def __add__(self, other: AddReport) -> AddReport:
        """Return the report of both tables, one after the other."""
        both = {name: value + getattr(other, name) for name, value in vars(self).items()}
        return AddReport(**both | {"stopped": self.stopped or other.stopped})


@dataclass(frozen=True)
class _Change:
    """A clip that is new or differs from what is stored."""

    clip: dict[str, Any]
    digest: bytes
    key: int | None  # None for a new one


def learn_batches(
    catalogue: Catalogue,
    batches: Iterable[ClipBatch],
    progress: Callable[[ClipBatch], None] | None,
    stop: Callable[[], bool] | None,
) -> None:
    """Do what `Catalogue.learn` says."""
    for batch in batches:
        catalogue.database.reject(batch)
        clips = [change.clip for change in _changes(catalogue, batch.clips)]
        known = catalogue.stored_like(clips)
        catalogue.preparation.learn([clip for clip in clips if clip[ID] not in known])
        if progress:
            progress(batch)
        if stop and stop():
            return


def add_batches(
    catalogue: Catalogue,
    batches: Iterable[ClipBatch],
    progress: Callable[[ClipBatch, AddReport], None] | None,
    stop: Callable[[], bool] | None,
) -> AddReport:
    """Do what `Catalogue.add` says."""
    started = time.monotonic()
    report = AddReport()
    lines: dict[str, int] = {}
    outcomes: dict[str, str] = {}
    for batch in batches:
        if stop and stop():
            report.stopped = True
            break
        catalogue.database.reject(batch)
        report.rejected += batch.rejected
        report.mended += batch.mended
        latest: dict[str, dict[str, Any]] = {}
        for clip in batch.clips:
            if clip[ID] in lines:
                reason = repeated_id_reason(clip["line"])
                report.rejected.append(RejectedRow(batch.source, lines[clip[ID]], clip[ID], reason))
            lines[clip[ID]] = clip["line"]
            latest[clip[ID]] = clip
        changes = _write(catalogue, list(latest.values()), report)
        new = {change.clip[ID]: "added" if change.key is None else "updated" for change in changes}
        for identifier in latest:
            outcome, before = new.get(identifier, "unchanged"), outcomes.get(identifier, "unchanged")
            if identifier in outcomes:  # a row of an earlier batch; what it did counts before what this one did
                setattr(report, before, getattr(report, before) - 1)
                outcome = outcome if before == "unchanged" else before
            outcomes[identifier] = outcome
            setattr(report, outcome, getattr(report, outcome) + 1)
        report.seconds = time.monotonic() - started
        if progress:
            progress(batch, report)
    return report


def _changes(catalogue: Catalogue, clips: Sequence[dict[str, Any]]) -> list[_Change]:
    """Return the clips that are not stored as they are; those that are stored cost a digest and a look-up.

    Fields that the table has no column for are filled in with what is stored, so that a narrow table erases nothing.
    """
    sql = catalogue.database.sql
    changes = []
    by_columns: dict[frozenset[str], list[dict[str, Any]]] = {}
    for clip in clips:
        by_columns.setdefault(clip.get("given", _ALL_FIELDS), []).append(clip)
    for given, alike in by_columns.items():
        absent = [name for name in STORED if name not in given]
        # not checked against their checksums: what differs from the digest is read again and checked when it is written
        statement = f"SELECT {', '.join([ID, 'clip_key', 'row_digest', *absent])} FROM clips WHERE {ID}"
        known = {row[0]: row[1:] for row in rows_in(sql, statement, [clip[ID] for clip in alike])}
        for clip in alike:
            if clip[ID] not in known:
                changes.append(_Change(clip, row_digest(clip), None))
                continue
            key, digest, *rest = known[clip[ID]]
            filled = {name: value for name, value in zip(absent, rest, strict=True) if clip[name] is None}
            whole = clip | filled if filled else clip
            if row_digest(whole) == digest:
                continue
            label = catalogue.table_label(key) if clip[LABEL] is None else clip[LABEL]
            # an empty label leaves the one that the table gave before
            new = row_digest(whole | {LABEL: label})
            if new != digest:
                changes.append(_Change(whole, new, key))
    if len(by_columns) > 1:  # in the order of the table again
        order = {clip[ID]: place for place, clip in enumerate(clips)}
        changes.sort(key=lambda change: order[change.clip[ID]])
    return changes


@dataclass(frozen=True)
class _Prepared:
    """What a batch changes, as it was prepared for one generation of the catalogue."""

    changes: list[_Change]
    preparation: Preparation
    words: WordCounts
    clips: list[dict[str, Any]]
    keys: dict[str, int]
    missing: dict[str, bytes]
    vectors: np.ndarray


def _prepare(
    catalogue: Catalogue, clips: Sequence[dict[str, Any]], before: _Prepared | None = None
) -> _Prepared | None:
    """Prepare what is new in a batch, None where nothing is.

    What was encoded `before`, for an older generation, is not encoded again, and texts of clips that nobody has changed
    since are not prepared again: whoever waits for the lock would wait for that, too.
    """
    changes = _changes(catalogue, clips)
    if not changes:
        return None
    changed = [change.clip for change in changes]
    old = catalogue.stored_like(changed)
    new = [clip for clip in changed if clip[ID] not in old]
    preparation = catalogue.preparation
    words = count_words(new) if catalogue.learned_ahead else preparation.learn(new)
    encoded = dict(zip(before.missing, before.vectors, strict=True)) if before else {}
    if before and before.changes == changes:
        old = {clip[ID]: dict.fromkeys(PREPARED) | clip for clip in before.clips}
    return _Prepared(changes, preparation, words, *catalogue.prepare_and_encode(changed, old, encoded=encoded))


def _write(catalogue: Catalogue, clips: Sequence[dict[str, Any]], report: AddReport) -> list[_Change]:
    """Write what is new in a batch, and return it."""
    generation = catalogue.generation
    batch = _prepare(catalogue, clips)
    if batch is None:
        return []
    encoded = set(batch.missing)
    labelled = 0
    with catalogue.transaction("add") as now:
        if now != generation + 1:
            # others have written to a shared catalogue meanwhile; from here on they wait
            batch = _prepare(catalogue, clips, batch)
        if batch is not None:
            encoded |= set(batch.missing)
            labelled = _insert(catalogue, batch, now)
    report.labelled += labelled
    report.encoded_texts += len(encoded)
    return batch.changes if batch is not None else []


def _insert(catalogue: Catalogue, batch: _Prepared, generation: int) -> int:
    """Write a batch within an open transaction; return how many labels it has given."""
    sql = catalogue.database.sql
    columns = [*STORED, *PREPARED, "row_digest", "generation"]
    insert = f"INSERT INTO clips (clip_key, {', '.join(columns)}) VALUES (?, {', '.join('?' * len(columns))})"
    update = f"UPDATE clips SET {', '.join(f'{name} = ?' for name in columns)} WHERE clip_key = ?"
    stored = catalogue.store.put(list(batch.missing.values()), batch.vectors)
    keys = batch.keys | dict(zip(batch.missing, stored, strict=True))
    write_learned(sql, batch.words, batch.preparation.boilerplate)
    new_keys = iter(sql.new_keys("clips", sum(change.key is None for change in batch.changes)))
    labelled = 0
    for clip, change in zip(batch.clips, batch.changes, strict=True):
        for name in TEXT_FIELDS:
            clip[f"{name}_vector"] = keys.get(clip[f"{name}_text"])
        values = [*(clip[name] for name in (*STORED, *PREPARED)), change.digest, generation]
        key = change.key
        if key is not None:
            sql.execute(update, [*values, key])
        else:
            key = next(new_keys)
            sql.execute(insert, [key, *values])
        if clip[LABEL] is not None and (change.key is None or catalogue.table_label(key) != clip[LABEL]):
            catalogue.put_label(key, clip[LABEL], "table", generation)
            labelled += 1
    return labelled


def row_digest(clip: dict[str, Any]) -> bytes:
    """Return the 16-byte BLAKE2 digest of a clip as its table has it."""
    row = json.dumps([clip[name] for name in CLIP_FIELDS], ensure_ascii=False)
    return hashlib.blake2b(row.encode("utf-8"), digest_size=16).digest()
