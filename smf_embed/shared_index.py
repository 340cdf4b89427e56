"""The vectors of a catalogue in a store that is shared: pushed there, brought back, and proved to be the same.

The catalogue stays the truth. A push compares keys and facts of all texts with what is there and moves what differs, so
that it may be stopped or killed at any time, and the next one does the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from smf_embed.catalogue import Catalogue
from smf_embed.clips import TEXT_FIELDS
from smf_embed.encoded_clips import text_digest
from smf_embed.errors import CatalogueError, InputError
from smf_embed.index_kinds import FLAT
from smf_embed.milvus import Milvus
from smf_embed.milvus_store import MilvusStore, collection_name, collections_of, store_of
from smf_embed.vector_facts import facts_of

_BATCH = 2_000
# texts that are searched for when two are compared, and for how many neighbours
_SAMPLE, _NEIGHBOURS = 100, 20
# an approximate index is not expected to find all; one that finds less is not worth having
_LEAST_RECALL = 0.9
# of cosines that are worked out in another order of the components
_ROUNDING = 1e-5
Progress = Callable[[float, str], None]
Stop = Callable[[], bool]


@dataclass
class PushReport:
    """What a push did: texts that were moved or moved again, taken out, and the same already; if it was stopped."""

    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    stopped: bool = False


@dataclass
class PullReport:
    """What a pull did: vectors there, those that the catalogue lacked, texts of clips that have a vector again."""

    there: int = 0
    added: int = 0
    mended: int = 0
    stopped: bool = False


@dataclass
class Comparison:
    """How the vectors of one field differ; all but the numbers of vectors are zero where they agree.

    Attributes
    ----------
    here, there : int
        Vectors of the catalogue, and of the store.
    missing, surplus : int
        Keys that are here alone, and there alone.
    other_facts, other_vectors : int
        Keys that are in both with something else.
    searched : int
        Texts that were searched for there.
    recall : float
        Share of their 20 nearest by a comparison with every vector that were found; 1 where nothing was searched.
    order : float
        Share of searches that found the same similarities in the same order.
    exact : bool
        The store promises to find all.
    """

    field: str
    here: int
    there: int
    missing: int = 0
    surplus: int = 0
    other_facts: int = 0
    other_vectors: int = 0
    searched: int = 0
    recall: float = 1.0
    order: float = 1.0
    exact: bool = True

    @property
    def agrees(self) -> bool:
        """Whether nothing differs, and searches find what they should."""
        found = self.order == 1 if self.exact else self.recall >= _LEAST_RECALL
        return found and not (self.missing or self.surplus or self.other_facts or self.other_vectors)


def push(
    catalogue: Catalogue,
    milvus: Milvus,
    *,
    replace: bool = False,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> PushReport:
    """Make the store hold the vectors and facts of the texts of a catalogue, and no others of its fields.

    Parameters
    ----------
    catalogue : Catalogue
    milvus : Milvus
    replace : bool
        First drop all vectors that are there, of whatever encoder and catalogue.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is done.
    stop : callable, optional
        Asked after each batch.

    Raises
    ------
    CatalogueError
        The vectors that are there are another catalogue's, or the server fails; what was moved by then is there.
    """
    report = PushReport()
    with catalogue.reading() as generation:
        mark = f"{generation}:{catalogue.generation_token(generation)}"
        for place, field in enumerate(TEXT_FIELDS):

            def tell(share: float, state: str, place: int = place, field: str = field) -> None:
                if progress:
                    progress((place + share) / len(TEXT_FIELDS), f"{field}: {state}")

            for name in collections_of(milvus, field) if replace else ():
                milvus.call(milvus.client.drop_collection, name)
            _push_field(catalogue, milvus, field, mark, report, tell, stop or (lambda: False))
            if report.stopped:
                break
    return report


def _push_field(
    catalogue: Catalogue, milvus: Milvus, field: str, mark: str, report: PushReport, tell: Progress, stop: Stop
) -> None:
    keys = catalogue.vector_keys(field)
    store = _own_collection(catalogue, milvus, field, len(keys))
    if store is None:
        return
    tell(0, "comparing")
    known, checks = store.checks()
    changed = []
    for start in range(0, len(keys), _BATCH):
        part = keys[start : start + _BATCH]
        ours = np.array([facts.check for facts in facts_of(catalogue, field, part)], dtype=np.int64)
        changed.append(part[~_same(part, ours, known, checks)])
    wanted = np.concatenate([np.empty(0, dtype=np.int64), *changed])
    gone = np.setdiff1d(known, keys, assume_unique=True)
    report.unchanged += len(keys) - len(wanted)
    if len(wanted) or len(gone):
        store.note_pushed("")  # it is a copy of no generation until all is done
    for start in range(0, len(wanted), _BATCH):
        if stop():
            report.stopped = True
            return
        part = wanted[start : start + _BATCH]
        store.upsert(part, catalogue.vectors(part), facts_of(catalogue, field, part))
        report.moved += len(part)
        tell((start + len(part)) / len(wanted), f"{start + len(part):,} of {len(wanted):,}")
    store.delete(gone)
    report.removed += len(gone)
    store.note_pushed(mark)


def _own_collection(catalogue: Catalogue, milvus: Milvus, field: str, wanted: int) -> MilvusStore | None:
    """Return the collection of a field, a new one where there is none; None where none is needed."""
    if collection_name(field, catalogue.fingerprint) in collections_of(milvus, field):
        return store_of(milvus, field, catalogue)
    if not wanted or catalogue.dimension is None:
        return None
    return MilvusStore.create(
        milvus, field, catalogue.fingerprint, catalogue.dimension, catalogue.catalogue_id, catalogue.index_kind
    )


def _same(keys: np.ndarray, checks: np.ndarray, known: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Return which keys are known with the same check, bool, shape (len(keys),)."""
    if not len(known):
        return np.zeros(len(keys), dtype=bool)
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return (known[at] == keys) & (theirs[at] == checks)


def pull(
    catalogue: Catalogue, milvus: Milvus, *, progress: Progress | None = None, stop: Stop | None = None
) -> PullReport:
    """Bring vectors that the catalogue lacks back from the store, by the digests of their texts.

    Clips whose texts have no vector get theirs; clips that are added later find them, so that nothing is encoded again.
    The store may be that of another catalogue.

    Parameters
    ----------
    catalogue, milvus, progress, stop
        As in `push`.

    Raises
    ------
    InputError
        There is nothing of this catalogue's encoder.
    CatalogueError
        The vectors are of another encoder or dimension, no vectors at all, or another process writes; what was taken by
        then is kept.
    """
    report = PullReport()
    found = stores_of_encoder(milvus, catalogue.fingerprint, catalogue.dimension)
    with catalogue.writing("pull"):
        for place, store in enumerate(found):
            keys = store.keys
            done = 0
            for texts, vectors in store.texts_and_vectors(keys):
                _check_vectors(milvus, store, texts, vectors, report.added)
                report.added += _put(catalogue, [bytes.fromhex(text) for text in texts], vectors)
                done += len(texts)
                if progress:
                    progress((place + done / len(keys)) / len(found), f"{store.name}: {done:,} of {len(keys):,}")
                if stop and stop():
                    report.stopped = True
                    return report
            report.there += len(keys)
        report.mended = _mend_clips(catalogue)
    return report


def stores_of_encoder(milvus: Milvus, fingerprint: str, dimension: int | None = None) -> list[MilvusStore]:
    """Return the collections of an encoder, of whatever catalogue, one for each field that there are vectors of.

    Raises
    ------
    InputError
        There are no vectors at all.
    CatalogueError
        They are of other encoders, or of another dimension.
    """
    fields = [field for field in TEXT_FIELDS if collection_name(field, fingerprint) in collections_of(milvus, field)]
    # where there are none, those of other encoders are refused
    stores = [MilvusStore.open(milvus, field, fingerprint, dimension) for field in fields or TEXT_FIELDS]
    found = [store for store in stores if store is not None]
    if not found:
        raise InputError(f"{milvus.place}: holds no vectors; fill it: smf-embed index push --to {milvus.place}")
    return found


def _check_vectors(milvus: Milvus, store: MilvusStore, texts: list[str], vectors: np.ndarray, taken: int) -> None:
    lengths = np.linalg.norm(vectors, axis=1)
    whole = bool(np.isfinite(lengths).all()) and bool((np.abs(lengths - 1) < 0.01).all())
    if not whole or any(len(text) != 32 or set(text) - set("0123456789abcdef") for text in texts):
        kept = f"the {taken:,} vectors that were taken before it are kept" if taken else "nothing was taken"
        raise CatalogueError(f"{milvus.place}: {store.name} holds what is no vector of a text; {kept}")


def _put(catalogue: Catalogue, digests: list[bytes], vectors: np.ndarray) -> int:
    stored = catalogue.store.keys(digests)
    new = {digest: vector for digest, vector in zip(digests, vectors, strict=True) if digest not in stored}
    if new:
        with catalogue.transaction("pull"):
            catalogue.store.put(list(new), np.stack(list(new.values())))
    return len(new)


def _mend_clips(catalogue: Catalogue) -> int:
    """Give clips that have a text and no vector the one that is stored now; return how many texts that mends."""
    sql = catalogue.database.sql
    updates = {}
    for field in TEXT_FIELDS:
        statement = (
            f"SELECT clip_key, {field}_text FROM clips WHERE {field}_text IS NOT NULL AND {field}_vector IS NULL"
        )
        digests = {key: text_digest(text) for key, text in sql.execute(statement)}
        stored = catalogue.store.keys(set(digests.values()))
        updates[field] = [(stored[digest], key) for key, digest in digests.items() if digest in stored]
    if any(updates.values()):
        with catalogue.transaction("pull") as generation:
            for field, pairs in updates.items():
                statement = f"UPDATE clips SET {field}_vector = ?, generation = {generation} WHERE clip_key = ?"
                sql.executemany(statement, pairs)
    return sum(map(len, updates.values()))


def verify(catalogue: Catalogue, milvus: Milvus, *, progress: Progress | None = None) -> list[Comparison]:
    """Compare all vectors of a catalogue with those of the store, and a sample of searches there with exact ones.

    Parameters
    ----------
    catalogue, milvus, progress
        As in `push`.

    Returns
    -------
    list of Comparison
        One for each field that either has vectors of.

    Raises
    ------
    CatalogueError
        The vectors that are there are of another encoder, dimension or catalogue.
    """
    compared = []
    with catalogue.reading():
        for place, field in enumerate(TEXT_FIELDS):

            def tell(share: float, place: int = place, field: str = field) -> None:
                if progress:
                    progress((place + share) / len(TEXT_FIELDS), field)

            keys = catalogue.vector_keys(field)
            if not len(keys) and collection_name(field, catalogue.fingerprint) not in collections_of(milvus, field):
                continue
            store = MilvusStore.open(milvus, field, catalogue.fingerprint, catalogue.dimension, catalogue.catalogue_id)
            if store is not None:
                compared.append(_compare(catalogue, store, field, keys, tell))
            else:
                compared.append(Comparison(field, len(keys), 0, missing=len(keys)))
    return compared


def _compare(
    catalogue: Catalogue, store: MilvusStore, field: str, keys: np.ndarray, tell: Callable[[float], None]
) -> Comparison:
    known, checks = store.checks()
    both = np.intersect1d(keys, known, assume_unique=True)
    result = Comparison(field, len(keys), len(known), exact=store.kind == FLAT)
    result.missing, result.surplus = len(keys) - len(both), len(known) - len(both)
    sample = catalogue.vectors(np.sort(np.random.default_rng(0).permutation(keys)[:_SAMPLE]))
    best = np.full((len(sample), _NEIGHBOURS), -np.inf, dtype=np.float32)
    for start in range(0, len(keys), _BATCH):
        part = keys[start : start + _BATCH]
        vectors = catalogue.vectors(part)
        shared = np.isin(part, both, assume_unique=True)
        ours = np.array([facts.check for facts in facts_of(catalogue, field, part)], dtype=np.int64)
        result.other_facts += int((~_same(part, ours, known, checks))[shared].sum())
        result.other_vectors += int((store.vectors(part[shared]) != vectors[shared]).any(axis=1).sum())
        best = -np.sort(-np.concatenate([best, sample @ vectors.T], axis=1), axis=1)[:, :_NEIGHBOURS]
        tell(start / len(keys))
    if len(sample):
        _compare_searches(catalogue, store, sample, best[:, : len(keys)], both, result)
    return result


def _compare_searches(
    catalogue: Catalogue, store: MilvusStore, sample: np.ndarray, best: np.ndarray, both: np.ndarray, result: Comparison
) -> None:
    """Note what searches in the store find of the highest similarities, shape (n, k), of a sample of vectors."""
    found, _ = store.search(sample, best.shape[1])
    similar = np.full(best.shape, -np.inf, dtype=np.float32)
    there = np.isin(found, both)
    row, _ = np.nonzero(there)
    similar[there] = np.einsum("ij,ij->i", sample[row], catalogue.vectors(found[there]))
    result.searched = len(sample)
    # those that are equally near are equally good
    result.recall = float((similar >= best[:, -1:] - _ROUNDING).mean())
    result.order = float((np.abs(similar - best) < _ROUNDING).all(axis=1).mean())


def as_sentence(compared: Comparison) -> str:
    """Return what a comparison found, in a line."""
    counts: dict[str, Any] = {
        "missing there": compared.missing,
        "only there": compared.surplus,
        "with other clips": compared.other_facts,
        "with other vectors": compared.other_vectors,
    }
    differing = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    searches = (
        f"of {compared.searched} searches {compared.order:.0%} as an exact one, recall@{_NEIGHBOURS} "
        f"{compared.recall:.3f}"
    )
    return f"{compared.field}: {compared.here:,} here, {compared.there:,} there, {differing or 'all alike'}; {searches}"
