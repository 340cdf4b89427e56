"""What looks up nearest texts, as those who ask see it: one small interface, and two that keep it.

`smf_embed.neighbours.Neighbours` is FAISS beside the catalogue, the default. `smf_embed.milvus_store.MilvusStore` is
Milvus, in a file or on a server that many share. Both hold the distinct texts of one field under the keys that their
vectors have in the catalogue, and both follow it: the one when it is opened, the other when it is pushed to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from smf_embed.clips import LABEL


@dataclass(frozen=True)
class ClipFilter:
    """Which clips a text must be of to be found; the conditions must hold for one clip together.

    Attributes
    ----------
    project : str or None
        The newest label.
    channel : str or None
        Id or name.
    labelled : bool
        Only clips that have a label; `none` is one.
    language : str or None
        As in the column `language`.
    """

    project: str | None = None
    channel: str | None = None
    labelled: bool = False
    language: str | None = None

    def __bool__(self) -> bool:
        return self != ClipFilter()

    def passes(self, clip: dict[str, Any]) -> bool:
        """Tell whether a stored clip is one of those."""
        return (
            (self.project is None or clip[LABEL] == self.project)
            and (self.channel is None or self.channel in (clip["yt_channel_id"], clip["yt_channel_name"]))
            and not (self.labelled and clip[LABEL] is None)
            and (self.language is None or clip["language"] == self.language)
        )


class NeighbourStore(Protocol):
    """The vectors of one field of a catalogue, to be searched."""

    @property
    def fingerprint(self) -> str:
        """Of the encoder whose vectors they are."""

    @property
    def keys(self) -> np.ndarray:
        """Keys of all vectors, int64, sorted."""

    def __len__(self) -> int: ...

    def vectors(self, keys: np.ndarray) -> np.ndarray:
        """Return the vectors with these keys, float32, shape (len(keys), dimension).

        Raises
        ------
        CatalogueError
            One of them is not there.
        """

    def search(self, vectors: np.ndarray, k: int, where: ClipFilter | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Find the nearest texts.

        Parameters
        ----------
        vectors : ndarray, shape (n, dimension), float32
        k : int
        where : ClipFilter, optional
            Texts of other clips are not found. A store may let through a text of which no single clip meets several
            conditions that its clips meet together; with one condition it may not, but for texts of very many clips.

        Returns
        -------
        keys : ndarray of int64, shape (n, k)
            Nearest first; -1 where there are fewer than k.
        similarity : ndarray of float32, shape (n, k)
            Inner products, which are cosines where `vectors` are of unit length; NaN where there are fewer than k.
        """
