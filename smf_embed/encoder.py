"""Sentence encoders: any model of sentence-transformers, and the built-in one that needs no download."""

from __future__ import annotations

import functools
import hashlib
import json
import math
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from smf_embed.devices import BatchSize, choose_devices, first_batch_size
from smf_embed.errors import EncoderError
from smf_embed.model_loading import BUILTIN, load_model, quiet
from smf_embed.prompts import known_prompt
from smf_embed.text import TEXT_VERSION
from smf_embed.threads import one_torch_thread
from smf_embed.windows import MAX_CHARS, fitting_windows, pool

__all__ = ["BUILTIN", "Encoder"]

# texts between two reports of progress; sentence-transformers sorts them by length before it makes batches
_CHUNK = 2048
# so few letters are encoded by one thread in half the time that several need to wake up and wait for each other
_FEW_LETTERS = 1_000


class Encoder:
    """A sentence-transformers model, loaded at the first text it has to encode.

    Parameters
    ----------
    name : str
        `builtin`, a folder, or the id of a model on the hub; `ID@REVISION` is one of its revisions.
    prompt : str, optional
        What the model reads before each text; empty for nothing. Where not given, it is what the model's folder says,
        or else what is known of its name, see `smf_embed.prompts`.
    backend : str
        What runs the model: one of `smf_embed.model_loading.BACKENDS`.
    revision : str, optional
        The commit of the hub that vectors were made with before; that of `name` by now where not given.
    device : str
        One of `smf_embed.devices.DEVICES`. On a GPU, models but the built-in one run in half precision; with several
        CUDA devices each has a process of its own.

    Attributes
    ----------
    windowed_texts : int
        How many texts were encoded in windows by now.

    Examples
    --------
    >>> Encoder("builtin").encode(["Маша и Медведь"]).shape
    (1, 512)
    """

    def __init__(
        self,
        name: str = BUILTIN,
        *,
        prompt: str | None = None,
        backend: str = "torch",
        revision: str | None = None,
        device: str = "auto",
    ) -> None:
        self.name = name
        self.prompt = prompt
        self.backend = backend
        self.revision = revision
        self.device = device
        self.windowed_texts = 0
        self._model: Any = None
        self._fingerprint: dict[str, Any] | None = None
        self._weights: str | None = None
        self._devices: list[str] = []
        self._half = False
        self._workers: Any = None
        self._batch: BatchSize | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}{', loaded' if self._model is not None else ''})"

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ whenever the vectors of some text may: see `fingerprint_parts`."""
        parts = json.dumps(self.fingerprint_parts, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(parts.encode()).hexdigest()[:16]

    @property
    def fingerprint_parts(self) -> dict[str, Any]:
        """What the fingerprint is made of: weights, prompt, normalisation, length and version of the text steps.

        Revision and backend are parts of those that are not built in. The name is no part, so that a folder may move;
        nor are device and precision: a catalogue made on a GPU is searched on a CPU, and cosines differ by about 0.001.
        That of the built-in encoder is known without loading it.

        Raises
        ------
        EncoderError
            When the model cannot be found or loaded.
        """
        if self._fingerprint is None:
            parts: dict[str, Any] = {"text": TEXT_VERSION, "normalised": True, "window": MAX_CHARS}
            if self.name == BUILTIN:
                from smf_embed.builtin_weights import package_digest

                parts |= {"weights": package_digest(), "prompt": self.prompt or None, "max_length": None}
            else:
                from smf_embed.fingerprints import settings_digest

                model = self._load()
                limit = model.max_seq_length
                parts |= {
                    "weights": self._weights or self._digest_weights(),
                    "settings": settings_digest(model),
                    "prompt": self._used_prompt,
                    "max_length": None if limit == math.inf else limit,
                    "token_windows": True,
                    "revision": self.revision,
                    "backend": self.backend,
                }
            self._fingerprint = parts
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """Numbers of a vector; the model is loaded for it."""
        return int(self._load().get_embedding_dimension())

    def options(self) -> str:
        """Return the options of the command line that name this encoder."""
        parts = [f"--encoder {self.name}"]
        if self.prompt is not None:
            parts.append(f"--prompt {json.dumps(self.prompt, ensure_ascii=False)}")
        if self.backend != "torch":
            parts.append(f"--backend {self.backend}")
        return " ".join(parts)

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        """Turn texts into vectors; each distinct text is encoded once.

        Parameters
        ----------
        texts : sequence of str
            Cleaned texts, see `smf_embed.text.clean`. Those of more than `smf_embed.windows.MAX_CHARS` characters, or
            of more tokens than the model takes, are encoded in windows, whose vectors are pooled by length.
        progress : callable, optional
            Called with the number of distinct texts that were encoded since the last call.

        Returns
        -------
        ndarray, shape (len(texts), dimension), float32
            Rows of unit length, so that an inner product is the cosine.

        Raises
        ------
        EncoderError
            When the model cannot be found or loaded, or memory is not enough for one text.
        """
        places: dict[str, int] = {}
        rows = np.fromiter((places.setdefault(text, len(places)) for text in texts), dtype=np.int64, count=len(texts))
        distinct = list(places)
        if not distinct:
            return np.empty((0, self.dimension), dtype=np.float32)
        chunks = [distinct[start : start + _CHUNK] for start in range(0, len(distinct), _CHUNK)]
        parts = []
        for vectors in self._encode_chunks(chunks):
            parts.append(vectors)
            if progress:
                progress(len(vectors))
        return np.concatenate(parts)[rows]

    def _encode_chunks(self, chunks: Sequence[list[str]]) -> Iterator[np.ndarray]:
        """Encode lists of distinct texts, in order; where there are several workers, side by side."""
        return map(self._encode_distinct, chunks)

    def _encode_distinct(self, texts: list[str]) -> np.ndarray:
        limit = self._load().max_seq_length
        if limit is None or limit == math.inf:
            windows = fitting_windows(texts, lambda parts: [0] * len(parts), math.inf)
        else:
            windows = fitting_windows(texts, self._count_tokens, limit)
        vectors = self._vectors([part for parts in windows for part in parts])
        begins = np.cumsum([0, *(len(parts) for parts in windows)])
        for text, parts in enumerate(windows):
            if len(parts) > 1:
                self.windowed_texts += 1
                pooled = pool(vectors[begins[text] : begins[text + 1]], [len(part) for part in parts])
                vectors[begins[text]] = pooled
        return vectors[begins[:-1]]

    def _vectors(self, texts: list[str]) -> np.ndarray:
        if self._batch is None:
            self._batch = self._first_batch()
        vectors = self._batch.run(lambda size: self._run(texts, size))
        if self._half and not np.isfinite(vectors).all():
            # numbers beyond 65,504 do not fit into half precision, and some models have them
            self._go_without_half()
            vectors = self._batch.run(lambda size: self._run(texts, size))
        return vectors

    def _run(self, texts: list[str], batch_size: int) -> np.ndarray:
        model = self._load()
        options: dict[str, Any] = {"prompt": self._used_prompt or ""}
        if len(self._devices) > 1 and len(texts) >= _CHUNK:
            if self._workers is None:
                self._workers = model.start_multi_process_pool(self._devices)
                self._stop_workers = weakref.finalize(self, model.stop_multi_process_pool, self._workers)
            options |= {"pool": self._workers, "chunk_size": math.ceil(len(texts) / len(self._devices) / 2)}
        is_little = self.name == BUILTIN and sum(map(len, texts)) <= _FEW_LETTERS
        if not self._is_network:
            options |= {"normalize_embeddings": True, "show_progress_bar": False}
        with one_torch_thread() if is_little else nullcontext():
            vectors = model.encode(texts, batch_size=batch_size, **options)
        return np.asarray(vectors, dtype=np.float32)

    def _count_tokens(self, texts: list[str]) -> list[int]:
        """Count tokens as the model's own way of reading does when it is told not to cut."""
        with quiet():  # it warns of each text that is too long, which is what is asked here
            features = self._load().preprocess(
                texts, prompt=self._used_prompt, processing_kwargs={"text": {"truncation": False}}
            )
        counts: list[int] = features["attention_mask"].sum(1).tolist()
        return counts

    @functools.cached_property
    def _used_prompt(self) -> str | None:
        if self.prompt is not None:
            return self.prompt or None
        if self.name == BUILTIN:
            return None
        model = self._load()
        own = model.prompts.get(model.default_prompt_name) if model.default_prompt_name else None
        return own or known_prompt(self.name)

    def _load(self) -> Any:
        if self._model is None:
            self._devices = choose_devices(self.device) if self.backend == "torch" else ["cpu"]
            loaded = load_model(self.name, backend=self.backend, revision=self.revision, devices=self._devices)
            self._model, self.revision = loaded.model, loaded.revision
            if self._devices[0] != "cpu" and not self._is_builtin:
                # the digest is that of the weights as they are stored
                self._weights = self._digest_weights()
                self._model, self._half = self._model.half(), True
        return self._model

    def _first_batch(self) -> BatchSize:
        if self._is_builtin:
            from smf_embed.builtin_network import BATCH_SIZE

            return BatchSize(BATCH_SIZE)
        device = self._devices[0] if self._devices else "cpu"
        return BatchSize(first_batch_size(self._load(), device, 2 if self._half else 4))

    @property
    def _is_builtin(self) -> bool:
        """Whether the model is the built-in one, or a copy of it in a folder."""
        return self._is_network or type(self._load()[0]).__module__ == "smf_embed.builtin"

    @property
    def _is_network(self) -> bool:
        """Whether it is the built-in one on a CPU, which needs no sentence-transformers."""
        return type(self._load()).__module__ == "smf_embed.builtin_network"

    def _go_without_half(self) -> None:
        loaded = load_model(self.name, backend=self.backend, revision=self.revision, devices=self._devices)
        self._model, self._half = loaded.model, False
        self._batch = self._first_batch()
        if self._workers is not None:
            # they have copies of the model as it was
            self._stop_workers()
            self._workers = None

    def _digest_weights(self) -> str:
        from smf_embed.fingerprints import files_digest, weights_digest

        if self.backend == "torch":
            return weights_digest(self._model)
        if self.revision is not None:
            return self.revision
        folder = Path(self.name)
        if not folder.is_dir():
            raise EncoderError(f"encoder {self.name!r}: the revision it was loaded from is not known")
        return files_digest(folder)
