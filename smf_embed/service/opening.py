"""How the threads of a desk open its catalogue: each for itself, all with one encoder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from smf_embed.catalogue import Catalogue
from smf_embed.encoder import Encoder
from smf_embed.neighbours import Neighbours
from smf_embed.preparation import Preparation
from smf_embed.service.waiting import Batcher
from smf_embed.windows import MAX_CHARS

# windows of texts that are encoded in one go, and the most of one caller among them, so that no other waits for long
_TOGETHER, _OF_ONE = 256, 128
_DEPTH = 10_000
_PREPARATION_SECONDS = 10.0


class SharedEncoder(Encoder):
    """An encoder whose texts come from several threads, and are encoded together in one."""

    def __init__(self, name: str, **settings: Any) -> None:
        # each thread asks for the fingerprint, for which a model may have to be loaded, and that asks what it is itself
        self._loading = threading.RLock()
        super().__init__(name, **settings)
        self._together = Batcher("encoder", self._encode_parts, most=_TOGETHER, depth=_DEPTH)

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        if not texts:
            return super().encode(texts, progress)
        parts: list[np.ndarray] = []
        for part, n_windows in _in_parts(texts):
            parts.append(self._together.submit(part, n_windows).result())
            if progress:
                progress(len(part))
        return np.concatenate(parts)

    def _load(self) -> Any:
        with self._loading:
            return super()._load()

    def warm(self) -> None:
        """Begin to load the model, so that the first text need not wait for it."""
        self._together.submit(["."])

    def _encode_parts(self, parts: list[list[str]]) -> list[np.ndarray]:
        vectors = super().encode([text for part in parts for text in part])
        return np.split(vectors, np.cumsum([len(part) for part in parts])[:-1])

    def close(self) -> None:
        """End its thread."""
        self._together.close()


def _in_parts(texts: Sequence[str]) -> Iterator[tuple[list[str], int]]:
    """Yield texts that one caller may have encoded in one go, and about how many windows they have."""
    part: list[str] = []
    n_windows = 0
    for text in texts:
        own = 1 + len(text) // MAX_CHARS
        if part and n_windows + own > _OF_ONE:
            yield part, n_windows
            part, n_windows = [], 0
        part.append(text)
        n_windows += own
    yield part, n_windows


class Encoders:
    """The encoders in use, one object for each name and setting; another comes with a `reindex` alone."""

    def __init__(self) -> None:
        self._known: dict[str, SharedEncoder] = {}
        self._lock = threading.Lock()

    def get(self, name: str, **settings: Any) -> SharedEncoder:
        """Return the encoder of this name and these settings."""
        key = repr((name, sorted(settings.items())))
        with self._lock:
            if key not in self._known:
                self._known[key] = SharedEncoder(name, **settings)
            return self._known[key]

    def close(self) -> None:
        """End their threads."""
        for encoder in self._known.values():
            encoder.close()


class OpenCatalogue(Catalogue):
    """A catalogue as one thread of a desk has it: with the encoder of all, and an index that stays open.

    Parameters
    ----------
    folder : Path
    encoders : Encoders
    writes : bool
        It writes. The others prepare texts with what was learned some seconds ago: to read it again after each label
        would cost more than the decisions.
    """

    def __init__(self, folder: Path, encoders: Encoders, *, writes: bool = False) -> None:
        self._encoders = encoders
        self._writes = writes
        self._prepared_at = -_PREPARATION_SECONDS
        self._indexes: dict[str, Neighbours] = {}
        super().__init__(folder)

    def named_encoder(self, name: str, **settings: Any) -> Encoder:
        """Return the encoder of all threads; see `smf_embed.catalogue.Catalogue.named_encoder`."""
        return self._encoders.get(name, device=self._device, **settings)

    @property
    def preparation(self) -> Preparation:
        """What was learned from clips; see `smf_embed.catalogue.Catalogue.preparation`."""
        now = time.monotonic()
        if not self._writes and self._preparation is not None and now < self._prepared_at + _PREPARATION_SECONDS:
            return self._preparation[1]
        self._prepared_at = now
        return super().preparation

    def index(self, field: str) -> Neighbours:
        """Return the open index of a field, of the generation that is being read."""
        found = self._indexes.get(field)
        if found is None:
            found = self._indexes[field] = Neighbours(self, field)
        found.refresh()
        return found
