"""Sentence encoders: any model of sentence-transformers, and the built-in one that needs no download."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from smf_embed.errors import EncoderError
from smf_embed.text import TEXT_VERSION
from smf_embed.threads import thread_count
from smf_embed.windows import MAX_CHARS, pool, windows

BUILTIN = "builtin"
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")
# texts between two reports of progress; sentence-transformers sorts them by length before it makes batches
_CHUNK = 2048
# tokenizers of one vocabulary that fold case or accents in other ways split this in other ways
_PROBE = "Ёжик и Çà: The CAT's №7, 第三集!"


class Encoder:
    """A sentence-transformers model, loaded at the first text it has to encode.

    Parameters
    ----------
    name : str
        `builtin`, a folder, or the id of a model on the hub.

    Examples
    --------
    >>> Encoder("builtin").encode(["Маша и Медведь"]).shape
    (1, 512)
    """

    def __init__(self, name: str = BUILTIN) -> None:
        self.name = name
        self._model: Any = None
        self._fingerprint: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"Encoder({self.name!r}{', loaded' if self._model is not None else ''})"

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ whenever the vectors of some text may: see `fingerprint_parts`."""
        parts = json.dumps(self.fingerprint_parts, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(parts.encode()).hexdigest()[:16]

    @property
    def fingerprint_parts(self) -> dict[str, Any]:
        """What the fingerprint is made of: weights, prompt, normalisation, length and version of the text steps.

        That of the built-in encoder is known without loading it. The name is no part of it, so that a folder may move.

        Raises
        ------
        EncoderError
            When the model cannot be found or loaded.
        """
        if self._fingerprint is None:
            parts: dict[str, Any] = {"text": TEXT_VERSION, "normalised": True, "window": MAX_CHARS}
            if self.name == BUILTIN:
                from smf_embed.builtin_weights import package_digest

                parts |= {"weights": package_digest(), "prompt": None, "max_length": None}
            else:
                model = self._load()
                parts |= {
                    "weights": _weights_digest(model),
                    "settings": _settings_digest(model),
                    "prompt": model.prompts.get(model.default_prompt_name) if model.default_prompt_name else None,
                    "max_length": model.max_seq_length,
                }
            self._fingerprint = parts
        return self._fingerprint

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        """Turn texts into vectors; each distinct text is encoded once.

        Parameters
        ----------
        texts : sequence of str
            Cleaned texts, see `smf_embed.text.clean`. Those of more than `smf_embed.windows.MAX_CHARS` characters are
            encoded in windows, whose vectors are pooled by length.
        progress : callable, optional
            Called with the number of distinct texts that were encoded since the last call.

        Returns
        -------
        ndarray, shape (len(texts), dimension), float32
            Rows of unit length, so that an inner product is the cosine.

        Raises
        ------
        EncoderError
            When the model cannot be found or loaded.
        """
        model = self._load()
        places: dict[str, int] = {}
        rows = np.fromiter((places.setdefault(text, len(places)) for text in texts), dtype=np.int64, count=len(texts))
        distinct = list(places)
        if not distinct:
            return np.empty((0, model.get_embedding_dimension()), dtype=np.float32)
        parts = []
        for start in range(0, len(distinct), _CHUNK):
            chunk = distinct[start : start + _CHUNK]
            pieces = [windows(text, MAX_CHARS) if len(text) > MAX_CHARS else [text] for text in chunk]
            vectors = np.asarray(
                model.encode(
                    [piece for part in pieces for piece in part],
                    batch_size=self._batch_size,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                ),
                dtype=np.float32,
            )
            begins = np.cumsum([0, *(len(part) for part in pieces)])
            for text, part in enumerate(pieces):
                if len(part) > 1:
                    pooled = pool(vectors[begins[text] : begins[text + 1]], [len(piece) for piece in part])
                    vectors[begins[text]] = pooled
            parts.append(vectors[begins[:-1]])
            if progress:
                progress(len(chunk))
        return np.concatenate(parts)[rows]

    @property
    def _batch_size(self) -> int:
        if self.name == BUILTIN:
            from smf_embed.builtin import BATCH_SIZE

            return BATCH_SIZE
        return 32

    def _load(self) -> Any:
        if self._model is None:
            known = self.name == BUILTIN or Path(self.name).is_dir() or _HUB_ID.fullmatch(self.name)
            if not known:
                raise EncoderError(f"encoder {self.name!r}: no such folder, and no id of a model on the hub")
            import torch
            from sentence_transformers import SentenceTransformer

            torch.set_num_threads(thread_count())
            try:
                with _quiet():
                    if self.name == BUILTIN:
                        from smf_embed.builtin import UniversalSentenceEncoder

                        self._model = SentenceTransformer(modules=[UniversalSentenceEncoder()])
                    else:
                        here_alone = Path(self.name).is_dir() or not _hub_answers(self.name)
                        self._model = SentenceTransformer(self.name, local_files_only=here_alone)
            except Exception as error:  # every library below raises its own kinds; each means the same to the user
                reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
                raise EncoderError(
                    f"encoder {self.name!r} cannot be loaded: {reason}. "
                    f"Name builtin, a folder with a sentence-transformers model, or a hub id that can be reached"
                ) from error
        return self._model


def _hub_answers(name: str) -> bool:
    """Tell whether the hub can be reached, by one request; without it, loading retries for more than a minute.

    An answer of the hub that there is no such model is raised.
    """
    import huggingface_hub

    try:
        huggingface_hub.model_info(name, timeout=10)
    except (huggingface_hub.errors.HfHubHTTPError, huggingface_hub.errors.HFValidationError):
        raise
    except Exception:  # no network, no name server, a proxy that refuses, HF_HUB_OFFLINE
        return False
    return True


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the log lines and progress bars of the libraries that load models off the screen."""
    from transformers.utils import logging as transformers_logging

    loggers = [logging.getLogger(name) for name in ("sentence_transformers", "transformers", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    bars = transformers_logging.is_progress_bar_enabled()
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        transformers_logging.disable_progress_bar()
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if bars:
            transformers_logging.enable_progress_bar()


def _settings_digest(model: Any) -> str:
    """Digest what makes other vectors from the same weights: kinds and settings of modules, pooling, vocabulary."""
    parts: list[Any] = []
    for module in model:
        settings = module.get_config_dict() if hasattr(module, "get_config_dict") else {}
        # settings that are off are left out, so that a library that learns a new one does not change the fingerprint
        parts.append([type(module).__name__, {key: value for key, value in sorted(settings.items()) if value}])
    tokenizer: Any = getattr(model, "tokenizer", None)
    if hasattr(tokenizer, "get_vocab"):
        pieces = tokenizer.encode(_PROBE)
        parts.append([sorted(tokenizer.get_vocab().items()), getattr(pieces, "ids", pieces)])
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _weights_digest(model: Any) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        # as bytes, since numpy knows no bfloat16
        digest.update(tensor.detach().cpu().contiguous().flatten().view(_byte_type()).numpy().tobytes())
    return digest.hexdigest()


def _byte_type() -> Any:
    import torch

    return torch.uint8
