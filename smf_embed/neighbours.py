"""Nearest-neighbour lookup of similar clips: a FAISS index over the distinct texts of one field.

The index is a cache of the catalogue. Its snapshot on disk carries the generation that it was made at; opening it adds
the vectors of clips that were written since, and makes it anew when the snapshot is missing, torn or of another one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from smf_embed.catalogue import Catalogue
from smf_embed.clips import ID, LABEL, TITLE
from smf_embed.errors import InputError
from smf_embed.files import file_digest, replace_atomically, write_json
from smf_embed.preparation import TEXT_FIELDS
from smf_embed.text import clean
from smf_embed.threads import thread_count

# exact inner product, and vectors can be removed by their keys
INDEX_KIND = "IDMap2,Flat"
# a snapshot is written again when this share of the vectors is newer, so that small adds cost no large file
_STALE_SHARE = 0.1


class Neighbours:
    """An open index of one field.

    Parameters
    ----------
    catalogue : Catalogue
    field : str
        `title` or `description`.
    """

    def __init__(self, catalogue: Catalogue, field: str = "title") -> None:
        import faiss

        faiss.omp_set_num_threads(thread_count())
        self.catalogue = catalogue
        self.field = field
        self.path = catalogue.folder / f"{field}.faiss"
        self._index, generation = self._read_snapshot()
        self._newer = 0  # texts that were added or removed since the snapshot
        self.generation = catalogue.generation
        if generation < self.generation:
            self._catch_up()

    def __len__(self) -> int:
        return 0 if self._index is None else int(self._index.ntotal)

    def __repr__(self) -> str:
        return f"Neighbours({self.field!r}, {len(self)} texts, generation {self.generation})"

    def search(self, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest texts.

        Parameters
        ----------
        vectors : ndarray, shape (n, dimension), float32
        k : int

        Returns
        -------
        keys : ndarray of int64, shape (n, k)
            Keys of vectors in the catalogue, nearest first; -1 where there are fewer than k.
        similarity : ndarray of float32, shape (n, k)
            Cosines.
        """
        if self._index is None:
            return np.full((len(vectors), k), -1, dtype=np.int64), np.full((len(vectors), k), np.nan, dtype=np.float32)
        similarity, keys = self._index.search(np.ascontiguousarray(vectors, dtype=np.float32), k)
        return keys, similarity

    def _catch_up(self) -> None:
        """Add the texts that clips have got since the snapshot, and remove those that no clip has any more."""
        import faiss

        wanted = self.catalogue.vector_keys(self.field)
        known = faiss.vector_to_array(self._index.id_map) if len(self) else np.empty(0, dtype=np.int64)
        gone, new = np.setdiff1d(known, wanted), np.setdiff1d(wanted, known)
        self._newer = len(gone) + len(new)
        if len(gone):
            self._index.remove_ids(gone)
        if len(new):
            if self._index is None:
                dimension = self.catalogue.dimension or 0
                self._index = faiss.index_factory(dimension, INDEX_KIND, faiss.METRIC_INNER_PRODUCT)
            self._index.add_with_ids(self.catalogue.vectors(new), new)

    def save(self) -> None:
        """Write the snapshot, and then the file that vouches for it."""
        import faiss

        if self._index is None:
            return
        with replace_atomically(self.path) as temporary:
            faiss.write_index(self._index, str(temporary))
        voucher = {
            "generation": self.generation,
            "fingerprint": self.catalogue.fingerprint,
            "catalogue_id": self.catalogue.catalogue_id,
            "kind": INDEX_KIND,
            "vectors": len(self),
            "bytes": self.path.stat().st_size,
            "digest": file_digest(self.path),
        }
        write_json(_voucher_path(self.path), voucher)
        self._newer = 0

    def is_stale(self) -> bool:
        """Tell whether so much has changed since the snapshot that it is worth writing again."""
        return self._newer > _STALE_SHARE * len(self)

    def _read_snapshot(self) -> tuple[Any, int]:
        import faiss

        voucher = read_voucher(self.path, self.catalogue)
        if voucher is None or file_digest(self.path) != voucher["digest"]:
            return None, 0
        return faiss.read_index(str(self.path)), int(voucher["generation"])


def read_voucher(path: Path, catalogue: Catalogue) -> dict[str, Any] | None:
    """Return what is known of a snapshot without reading it; None when it is not of the catalogue or torn."""
    try:
        voucher = json.loads(_voucher_path(path).read_text(encoding="utf-8"))
        size = path.stat().st_size
    except (OSError, ValueError):
        return None
    kinds = {"generation": int, "fingerprint": str, "catalogue_id": str, "digest": str, "vectors": int, "bytes": int}
    if not isinstance(voucher, dict) or not all(isinstance(voucher.get(key), kind) for key, kind in kinds.items()):
        return None
    ours = (
        voucher["fingerprint"] == catalogue.fingerprint
        and voucher["catalogue_id"] == catalogue.catalogue_id
        and voucher["generation"] <= catalogue.generation
    )
    return voucher if ours and voucher["bytes"] == size else None


def _voucher_path(path: Path) -> Path:
    return path.with_suffix(".faiss.json")


def refresh_snapshots(catalogue: Catalogue) -> None:
    """Write the snapshots of all fields again where much was added since."""
    for field in TEXT_FIELDS:
        voucher = read_voucher(catalogue.folder / f"{field}.faiss", catalogue)
        generation = voucher["generation"] if voucher else 0
        newer = len(catalogue.vector_keys(field, after=generation))
        if newer > _STALE_SHARE * (voucher["vectors"] if voucher else 0):
            neighbours = Neighbours(catalogue, field)
            if neighbours.is_stale():
                neighbours.save()


def similar(
    catalogue: Catalogue, yt_reel_id: str | None = None, *, text: str | None = None, k: int = 10
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

    Returns
    -------
    list of dict
        `yt_reel_id`, `similarity` (cosine, -1 to 1), `title`, `project` (None where unlabelled), `channel`; nearest
        first.

    Raises
    ------
    InputError
        An id that is not stored, or nothing readable to compare by.
    """
    field = "title"
    if yt_reel_id is not None:
        stored = catalogue.stored([yt_reel_id])
        if not len(stored):
            raise InputError(f"{yt_reel_id}: is not in the catalogue {catalogue.folder}; add it: smf-embed add TABLE")
        field = next((name for name in TEXT_FIELDS if stored.present(name)[0]), "")
        if not field:
            raise InputError(f"{yt_reel_id}: has no readable text to compare by")
        vector = stored.vectors[field][0]
    else:
        cleaned = clean(text or "")
        if not cleaned:
            raise InputError(f"{text!r}: there is nothing readable in it to compare by")
        vector = catalogue.encode_title(cleaned)
    index = Neighbours(catalogue, field)
    wanted = min(k + 1, len(index))
    if wanted == 0:
        return []
    keys, similarities = index.search(vector[None], wanted)
    rank = {int(key): place for place, key in enumerate(keys[0]) if key >= 0}
    clips = [clip for clip in catalogue.clips_with_vectors(field, list(rank)) if clip[ID] != yt_reel_id]
    clips.sort(key=lambda clip: (rank[clip[f"{field}_vector"]], clip["clip_key"]))
    return [
        {
            ID: clip[ID],
            # vectors are rounded when they are stored, which can make a cosine 1.0003
            "similarity": round(min(1.0, float(similarities[0, rank[clip[f"{field}_vector"]]])), 4),
            "title": clip[TITLE],
            "project": clip[LABEL],
            "channel": clip["yt_channel_name"],
        }
        for clip in clips[:k]
    ]
