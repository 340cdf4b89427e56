"""What makes a model give other vectors than another: digests of its weights, its settings and its vocabulary."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from smf_embed.files import file_digest
from smf_embed.model_loading import weights_files

# tokenizers of one vocabulary that fold case or accents in other ways split this in other ways
_PROBE = "Ёжик и Çà: The CAT's №7, 第三集!"


def settings_digest(model: Any) -> str:
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


def weights_digest(model: Any) -> str:
    """Digest the tensors of a model that runs in torch."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        # as bytes, since numpy knows no bfloat16
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def files_digest(folder: Path) -> str:
    """Digest the files with weights of a folder, for a model that runs outside torch."""
    lines = [f"{path.relative_to(folder).as_posix()} {file_digest(path)}\n" for path in weights_files(folder)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
