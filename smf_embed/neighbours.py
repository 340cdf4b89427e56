"""Nearest-neighbour lookup of similar clips: an index over the distinct texts of one field.

The index is a cache of the catalogue. Its snapshot on disk, `title.Flat.faiss` for a title and the kind `Flat`, has a
voucher beside it that tells which generation of which catalogue it is of. Opening it adds and removes what has changed
since; without a snapshot that can be trusted, the search is exact until one is written again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from smf_embed.catalogue import Catalogue
from smf_embed.clips import ID, LABEL, TEXT_FIELDS, TITLE
from smf_embed.errors import InputError
from smf_embed.index_choice import choose, measure
from smf_embed.index_kinds import FLAT, check_kind
from smf_embed.neighbour_stores import ClipFilter, NeighbourStore
from smf_embed.snapshots import (
    read_snapshot,
    read_voucher,
    remove_other_snapshots,
    remove_snapshot,
    snapshot_path,
    write_snapshot,
)
from smf_embed.text import clean
from smf_embed.vector_index import VectorIndex

# a snapshot is written again when this share of the vectors has changed, so that small adds cost no large file
_STALE_SHARE = 0.1
# sooner for a graph: whoever opens it must add what is new, and 1,000 vectors take it 0.15 s and more
_STALE_SHARE_OF_GRAPH = 0.01


class Neighbours:
    """An open index of one field.

    Parameters
    ----------
    catalogue : Catalogue
    field : str
        `title`, `description` or `subtitles`.

    Attributes
    ----------
    kind : str
        The kind of index that the catalogue asks for; see `smf_embed.index_kinds`.
    generation : int
        What the index is of.
    """

    kind: str
    generation: int
    _index: VectorIndex | None
    _seen: tuple[int, str | None, str, str]

    def __init__(self, catalogue: Catalogue, field: str = "title") -> None:
        self.catalogue = catalogue
        self.field = field
        self._open()

    def __len__(self) -> int:
        return 0 if self._index is None else len(self._index)

    def __repr__(self) -> str:
        return f"Neighbours({self.field!r}, {self.kind}, {len(self)} texts, generation {self.generation})"

    @property
    def keys(self) -> np.ndarray:
        """Keys of the vectors that can be found, int64, sorted."""
        return np.empty(0, dtype=np.int64) if self._index is None else self._index.keys

    @property
    def fingerprint(self) -> str:
        """Of the encoder whose vectors they are."""
        return self._seen[2]

    def vectors(self, keys: np.ndarray) -> np.ndarray:
        """Return the vectors with these keys, float32, shape (len(keys), dimension), as the catalogue has them."""
        return self.catalogue.vectors(keys)

    def search(
        self, vectors: np.ndarray, k: int, where: ClipFilter | None = None, *, among: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest texts.

        Parameters
        ----------
        vectors : ndarray, shape (n, dimension), float32
        k : int
        where : ClipFilter, optional
            Texts of other clips are not found.
        among : ndarray of int64, optional
            Instead, keys of vectors; no others are found. Keys of this generation: see `refresh`.

        Returns
        -------
        keys : ndarray of int64, shape (n, k)
            Keys of vectors in the catalogue, nearest first; -1 where there are fewer than k.
        similarity : ndarray of float32, shape (n, k)
            Cosines; NaN where there are fewer than k.
        """
        if self._index is None:
            return np.full((len(vectors), k), -1, dtype=np.int64), np.full((len(vectors), k), np.nan, dtype=np.float32)
        if where:
            among = self.catalogue.vector_keys_where(self.field, **vars(where))
        return self._index.search(vectors, k, among, self.catalogue.vectors)

    def refresh(self) -> None:
        """Follow what was written to the catalogue since; costs next to nothing where nothing was."""
        with self.catalogue.reading() as generation:
            now = self._history(generation)
            if now == self._seen:
                return
            # the generation that the index is of must be a past of the one that is there now, not of another copy
            if self._history(self.generation) == self._seen:
                self._catch_up()
                self.generation, self._seen = generation, now
            else:
                self._open()

    def save(self) -> None:
        """Write the snapshot of the newest generation, and then the file that vouches for it.

        An index of another kind than the catalogue asks for, or one that needs it, is built anew first.
        """
        with self.catalogue.reading():
            self.refresh()
            index, generation, seen = self._index, self.generation, self._seen
            if index is None or not len(index):
                remove_snapshot(self.path)
                return
            outdated = index.kind != self.kind or index.needs_rebuild
            vectors = self.catalogue.vectors(index.keys) if outdated else None
        if vectors is not None:
            index = VectorIndex.build(self.kind, index.keys, vectors)
            self._index = index
        write_snapshot(self.catalogue, self.field, index, generation, seen[1])
        self._newer = 0

    def is_stale(self) -> bool:
        """Tell whether so much has changed since the snapshot that it is worth writing again."""
        if self._newer > _stale_share(self.kind) * len(self):
            return True
        return self._index is not None and (self._index.kind != self.kind or self._index.needs_rebuild)

    def _open(self) -> None:
        with self.catalogue.reading() as generation:
            self.kind = self.catalogue.index_kind
            self.path = snapshot_path(self.catalogue, self.field)
            self._newer = 0  # texts that were added or removed since the snapshot
            snapshot = read_snapshot(self.catalogue, self.field)
            self._index = snapshot[0] if snapshot else None
            self.generation, self._seen = generation, self._history(generation)
            if snapshot is None or snapshot[1] != generation:
                self._catch_up()

    def _history(self, generation: int) -> tuple[int, str | None, str, str]:
        """Return what is equal where an index of one can be brought up to the other."""
        catalogue = self.catalogue
        return generation, catalogue.generation_token(generation), catalogue.fingerprint, catalogue.index_kind

    def _catch_up(self) -> None:
        """Add the texts that clips have got since, and remove those that no clip has any more."""
        wanted = self.catalogue.vector_keys(self.field)
        known = self.keys
        gone = np.setdiff1d(known, wanted, assume_unique=True)
        new = np.setdiff1d(wanted, known, assume_unique=True)
        self._newer += len(gone) + len(new)
        if self._index is not None:
            self._index.remove(gone)
            self._index.add(new, self.catalogue.vectors(new))
        elif len(new):
            # training a large index takes minutes: who only wants to search gets an exact one, and `save` trains
            self._index = VectorIndex.build(FLAT, new, self.catalogue.vectors(new))


def _stale_share(kind: str) -> float:
    return _STALE_SHARE_OF_GRAPH if kind.startswith("HNSW") else _STALE_SHARE


def refresh_snapshots(catalogue: Catalogue) -> None:
    """Write the snapshots of all fields again where much has changed since."""
    for field in TEXT_FIELDS:
        voucher = read_voucher(snapshot_path(catalogue, field), catalogue)
        saved, since = (voucher["vectors"], voucher["generation"]) if voucher else (0, 0)
        most = _stale_share(catalogue.index_kind) * saved
        # counting all keys takes the longer the more there are; a clip that is written or removed changes about one
        if saved and catalogue.count_written(since) + catalogue.count_removed() <= most:
            continue
        with catalogue.reading():
            newer = len(catalogue.vector_keys(field, after=since))
            gone = saved + newer - catalogue.count_vectors(field)
        # both are the most that it can be: a clip that was written since may have a text that others had
        if newer + gone > most:
            neighbours = Neighbours(catalogue, field)
            if neighbours.is_stale():
                neighbours.save()


def reindex_kind(
    catalogue: Catalogue,
    kind: str | None = None,
    max_memory: int | None = None,
    max_latency: float | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> dict[str, Any]:
    """Build the snapshots of all fields anew, of a kind that is given or that keeps a budget; then swap them in.

    The kind is measured, or chosen, on the field with the most texts. Until all is written the old snapshots serve.

    Parameters
    ----------
    catalogue : Catalogue
    kind : str, optional
        See `smf_embed.index_kinds`; the catalogue's own where neither it nor a budget is given.
    max_memory : int, optional
        Bytes that the index of the largest field may take.
    max_latency : float, optional
        Seconds that the median query may take.
    progress : callable, optional
        Called with the share that is done, 0 to 1, and what is done next.

    Returns
    -------
    dict
        What is noted in the catalogue: `kind`, `field` and the number of `vectors` that it was measured on, the budget,
        and `measured`, see `smf_embed.index_choice.choose`.

    Raises
    ------
    InputError
        A kind that does not exist, a kind and a budget together, or a budget that no kind keeps; nothing is changed.
    """
    # a writer that opens the folder meanwhile would take the new snapshots for what a killed one left
    with catalogue.writing("reindex"):
        return _reindex_kind(catalogue, kind, max_memory, max_latency, progress)


def _reindex_kind(
    catalogue: Catalogue,
    kind: str | None,
    max_memory: int | None,
    max_latency: float | None,
    progress: Callable[[float, str], None] | None,
) -> dict[str, Any]:
    budget = max_memory is not None or max_latency is not None
    if kind is not None and budget:
        raise InputError("a kind of index and a budget exclude each other; give one of them")
    kind = check_kind(kind or catalogue.index_kind)
    sizes = {field: len(catalogue.vector_keys(field)) for field in TEXT_FIELDS}
    fields = sorted((field for field in TEXT_FIELDS if sizes[field]), key=lambda field: -sizes[field])
    facts: dict[str, Any] = {"kind": kind, "field": None, "vectors": 0, "measured": []}
    facts |= {"max_memory": max_memory, "max_latency": max_latency}
    for step, field in enumerate(fields):
        with catalogue.reading() as generation:
            token = catalogue.generation_token(generation)
            keys = catalogue.vector_keys(field)
            vectors = catalogue.vectors(keys)

        def tell(what: str, step: int = step, field: str = field) -> None:
            if progress:
                progress(step / len(fields), f"{field}: {what}")

        if step == 0 and budget:
            index, facts["measured"] = choose(
                keys, vectors, max_memory=max_memory, max_latency=max_latency, progress=tell
            )
            kind = index.kind
        else:
            tell(kind)
            index = VectorIndex.build(kind, keys, vectors)
            if step == 0:
                facts["measured"] = [measure(index, vectors)]
        if step == 0:
            facts |= {"kind": kind, "field": field, "vectors": len(keys)}
        write_snapshot(catalogue, field, index, generation, token)
    catalogue.set_index(kind, facts)
    remove_other_snapshots(catalogue)
    return facts


def similar(
    catalogue: Catalogue,
    yt_reel_id: str | None = None,
    *,
    text: str | None = None,
    k: int = 10,
    project: str | None = None,
    channel: str | None = None,
    labelled: bool = False,
    language: str | None = None,
    open_index: Callable[[Catalogue, str], NeighbourStore] = Neighbours,
) -> list[dict[str, Any]]:
    """List the clips whose titles are nearest to that of a clip, or to a text.

    Parameters
    ----------
    catalogue : Catalogue
    yt_reel_id : str, optional
        A stored clip; one without a title is compared by its description. It is not listed itself.
    text : str, optional
        Used where no id is given.
    k : int
        How many clips.
    project : str, optional
        Only clips that are labelled so.
    channel : str, optional
        Only clips of the channel with this id or name.
    labelled : bool
        Only clips that have a label; `none` is one.
    language : str, optional
        Only clips of this language, as in the column `language`.
    open_index : callable
        Returns what searches a field; for those who keep it open, or search elsewhere.

    Returns
    -------
    list of dict
        `yt_reel_id`, `similarity` (cosine, -1 to 1), `title`, `project` (None where unlabelled), `channel`; nearest
        first. Fewer than k only where fewer clips pass the filters.

    Raises
    ------
    InputError
        An id that is not stored, or nothing readable to compare by.
    """
    where = ClipFilter(project, channel, labelled, language)
    with catalogue.reading():
        field, vector = _compared_by(catalogue, yt_reel_id, text)
        index = open_index(catalogue, field)
        wanted, clips = k + 1, list[dict[str, Any]]()
        while True:
            keys = index.search(vector[None], wanted, where)[0][0]
            clips = [
                clip
                # a store that was not pushed to since may know texts that no clip has any more
                for clip in catalogue.clips_with_vectors(field, keys[keys >= 0].tolist())
                # a text that passes by one of its clips, or by several together, may have others that do not
                if clip[ID] != yt_reel_id and where.passes(clip)
            ]
            if len(clips) >= k or keys[-1] < 0:
                break
            wanted *= 4
        if not clips:
            return []
        found = np.unique([clip[f"{field}_vector"] for clip in clips]).astype(np.int64)
        # exact whatever the kind of index; vectors are rounded when they are stored, which can make a cosine 1.0003
        cosines = np.minimum(1.0, catalogue.vectors(found) @ vector)
        similarity = dict(zip(found.tolist(), cosines.tolist(), strict=True))
    clips.sort(key=lambda clip: (-similarity[clip[f"{field}_vector"]], clip[f"{field}_vector"], clip["clip_key"]))
    return [
        {
            ID: clip[ID],
            "similarity": round(similarity[clip[f"{field}_vector"]], 4),
            "title": clip[TITLE],
            "project": clip[LABEL],
            "channel": clip["yt_channel_name"],
        }
        for clip in clips[:k]
    ]


def _compared_by(catalogue: Catalogue, yt_reel_id: str | None, text: str | None) -> tuple[str, np.ndarray]:
    """Return the field and the vector, float32, shape (dimension,), that a clip or a text is compared by."""
    if yt_reel_id is None:
        cleaned = clean(text or "")
        if not cleaned:
            raise InputError(f"{text!r}: there is nothing readable in it to compare by")
        return "title", catalogue.encode_title(cleaned)
    stored = catalogue.stored([yt_reel_id])
    if not len(stored):
        raise InputError(f"{yt_reel_id}: is not in the catalogue {catalogue.folder}; add it: smf-embed add TABLE")
    field = next((name for name in TEXT_FIELDS if stored.present(name)[0]), "")
    if not field:
        raise InputError(f"{yt_reel_id}: has no readable text to compare by")
    return field, stored.vectors[field][0]
