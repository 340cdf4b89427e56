"""The model on disk: a folder of four files, none of them pickled, that is replaced in one step.

Files are named by their digests and listed in `manifest.json`, which is written last: whoever reads sees the old model
or the new one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from smf_embed.catalogue import Catalogue
from smf_embed.errors import ModelError
from smf_embed.evidence import COLUMNS
from smf_embed.files import file_digest, read_sealed_json, replace_atomically, write_sealed_json
from smf_embed.names import Names
from smf_embed.text import TEXT_VERSION

MODEL_FOLDER = "model"
FORMAT_VERSION = 8

_FILES = {"trees": ".txt", "arrays": ".safetensors", "names": ".json"}
# what is written here, and what a killed writer leaves behind; nothing else in the folder is touched
_OWN_FILE = re.compile(r"\.?(trees|arrays|names)([-.][0-9a-f]+)?\.(txt|safetensors|json)|\.manifest\.[0-9a-f]{8}\.json")
_MANIFEST_KEYS = {"files", "fingerprint", "text_version", "columns", "projects", "temperatures", "metrics"} | {
    *("threshold", "thresholds", "out_of_fold", "rare_channels"),
}


class ModelParts(NamedTuple):
    """What a model is made of.

    Attributes
    ----------
    manifest : dict
        What `manifest.json` holds.
    trees : str
        LightGBM's own text format.
    arrays : dict of str → ndarray
        Centres and lexical machines by field: `title_centre`, `title_idf`, `title_weights` (float16), `title_bias`, …;
        `calibration_given`, `calibration_true`, `other_use_weights`, `other_use_bias`, and what
        `smf_embed.out_of_fold.OutOfFold.to_arrays` gives.
    names : Names
    """

    manifest: dict[str, Any]
    trees: str
    arrays: dict[str, np.ndarray]
    names: Names


def write_model(folder: Path, parts: ModelParts) -> dict[str, Any]:
    """Write a model; what was there is replaced when the manifest is, in one step.

    Files that the manifest no longer names are removed.

    Returns
    -------
    dict
        The manifest with the names and digests of the files.
    """
    from safetensors.numpy import save_file

    files = {}
    for name, suffix in _FILES.items():
        with replace_atomically(folder / f"{name}{suffix}") as temporary:
            if name == "trees":
                temporary.write_text(parts.trees, encoding="utf-8")
            elif name == "names":
                temporary.write_text(json.dumps(parts.names.to_json(), ensure_ascii=False), encoding="utf-8")
            else:
                save_file({key: np.ascontiguousarray(array) for key, array in parts.arrays.items()}, temporary)
        digest = file_digest(folder / f"{name}{suffix}")
        (folder / f"{name}{suffix}").replace(folder / f"{name}-{digest[:16]}{suffix}")
        files[f"{name}-{digest[:16]}{suffix}"] = digest
    manifest = parts.manifest | {"files": files}
    write_sealed_json(folder / "manifest.json", manifest)
    for path in folder.iterdir():
        if _OWN_FILE.fullmatch(path.name) and path.name not in files:
            path.unlink()
    return manifest


def read_model(folder: Path, catalogue: Catalogue) -> ModelParts:
    """Read a model and see that it fits the catalogue.

    Raises
    ------
    ModelError
        No model, a damaged one, one of a newer program, or one whose encoder is not that of the catalogue.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    manifest = read_manifest(folder)
    while broken := [name for name, digest in manifest["files"].items() if not _is_whole(folder / name, digest)]:
        # a writer removes the files of the model before once its manifest names the new ones
        again = read_manifest(folder)
        if again == manifest:
            raise ModelError(f"{folder / broken[0]}: is missing or damaged; make the model again: smf-embed fit")
        manifest = again
    if manifest["fingerprint"] != catalogue.fingerprint:
        raise ModelError(
            f"{folder}: the model was fitted on vectors of fingerprint {manifest['fingerprint']}, the catalogue "
            f"{catalogue.folder} has {catalogue.fingerprint}; fit again: smf-embed fit"
        )
    if manifest["columns"] != list(COLUMNS) or manifest["text_version"] != TEXT_VERSION:
        raise ModelError(f"{folder}: the model is of another version of smf-embed; fit it again: smf-embed fit")
    files = {name: folder / path for path in manifest["files"] for name in _FILES if path.startswith(name)}
    try:
        names = Names.from_json(json.loads(files["names"].read_text(encoding="utf-8")))
        arrays, trees = load_file(files["arrays"]), files["trees"].read_text(encoding="utf-8")
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        if read_manifest(folder) != manifest:
            return read_model(folder, catalogue)
        raise ModelError(f"{folder}: cannot be read: {error}; make the model again: smf-embed fit") from error
    return ModelParts(manifest, trees, arrays, names)


def noted_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of the model in `folder` as it is; None where there is none that can be read."""
    return read_sealed_json(folder / "manifest.json")


def expect_unchanged(folder: Path, before: dict[str, Any] | None) -> None:
    """See that a model is the one that was there before, and may be replaced.

    Raises
    ------
    ModelError
        Another was written, naming what would be lost with it.
    """
    now = noted_manifest(folder)
    if now is None or now == before:
        return
    old, new = ((one or {}).get("sizes", {}) for one in (before, now))
    changed = [name for name in {**new, **old} if old.get(name) != new.get(name)]
    if before is None or before.get("created") != now.get("created"):
        what = "another fit was done meanwhile"
    else:
        what = f"it was taught or changed meanwhile ({', '.join(changed[:5]) or 'clips of known projects'})"
    raise ModelError(f"{folder}: {what}, which this fit has not seen; it was kept. Fit again: smf-embed fit")


def _is_whole(path: Path, digest: str) -> bool:
    try:
        return file_digest(path) == digest
    except FileNotFoundError:
        return False


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of the model in `folder`, without loading the model.

    Raises
    ------
    ModelError
        No model there, a damaged manifest, or one of a newer program.
    """
    path = Path(folder) / "manifest.json"
    if not path.exists():
        raise ModelError(f"{folder}: there is no model yet; make one: smf-embed fit")
    manifest = read_sealed_json(path)
    if manifest is None:
        raise ModelError(f"{path}: is damaged or of an older smf-embed; make the model again: smf-embed fit")
    version = manifest.get("format_version", 0)
    if version > FORMAT_VERSION:
        raise ModelError(f"{path}: was written by a newer smf-embed (format {version}); update smf-embed")
    if version < FORMAT_VERSION or _MANIFEST_KEYS - manifest.keys():
        raise ModelError(f"{path}: is of another version of smf-embed; make the model again: smf-embed fit")
    return manifest
