"""What a catalogue and its model hold, read without loading vectors, the model or any large library."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

from smf_embed.errors import CatalogueError

_MODEL_FACTS = ("created", "threshold", "fingerprint")


def summarise(folder: Path) -> dict[str, Any]:
    """Return the facts that `smf-embed info` prints.

    Raises
    ------
    CatalogueError
        No catalogue in the folder, or a damaged one.
    """
    path = folder / "catalogue.sqlite"
    if not path.exists():
        raise CatalogueError(f"{folder}: holds no catalogue; make one: smf-embed add TABLE")
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as sql:
            meta = dict(sql.execute("SELECT key, value FROM meta"))
            encoder = f"{meta['encoder']} (fingerprint {meta['fingerprint']})"
            clips, labelled = sql.execute("SELECT count(*), count(project) FROM clips").fetchone()
            vectors = sql.execute("SELECT count(*) FROM vectors").fetchone()[0]
            sizes = "SELECT project, count(*) FROM clips WHERE project IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
            projects = dict(sql.execute(sizes))
            generation = sql.execute("SELECT coalesce(max(generation), 0) FROM generations").fetchone()[0]
    except (sqlite3.Error, KeyError) as error:
        raise CatalogueError(f"{path}: is damaged or no catalogue: {error}") from error
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {
        "catalogue": str(folder),
        "clips": {"stored": clips, "labelled": labelled, "unlabelled": clips - labelled},
        "projects": projects,
        "vectors": vectors,
        "encoder": encoder,
        "generation": generation,
        "megabytes": round(size / 1e6, 1),
        "model": _model_facts(folder / "model" / "manifest.json"),
    }


def _model_facts(path: Path) -> dict[str, Any] | None:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        facts = {name: manifest[name] for name in _MODEL_FACTS}
        return facts | {
            "projects": len(manifest["projects"]) - 1,
            "out-of-fold macro-F1": manifest["metrics"]["macro_f1"],
        }
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return {"damaged": "make it again: smf-embed fit"}
