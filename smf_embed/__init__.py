"""smf-embed: which project does a video belong to? An embedding index with a lightweight classifier."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smf_embed.answers import classify as classify
    from smf_embed.catalogue import Catalogue as Catalogue
    from smf_embed.classifier import Classifier as Classifier
    from smf_embed.clip_tables import read_clips as read_clips
    from smf_embed.encoder import Encoder as Encoder
    from smf_embed.errors import SmfEmbedError as SmfEmbedError

__version__ = "0.1.0"

# Loaded when they are first asked for, so that `import smf_embed` and `smf-embed info` stay quick.
_HOMES = {
    "Catalogue": "catalogue",
    "Classifier": "classifier",
    "Encoder": "encoder",
    "SmfEmbedError": "errors",
    "classify": "answers",
    "read_clips": "clip_tables",
}
__all__ = ["Catalogue", "Classifier", "Encoder", "SmfEmbedError", "__version__", "classify", "read_clips"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
