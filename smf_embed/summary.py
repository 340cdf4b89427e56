"""What a catalogue and its model hold, read without loading vectors, the model or any large library."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from smf_embed.database import Database
from smf_embed.databases import open_database
from smf_embed.files import read_sealed_json

_MODEL_FACTS = ("created", "threshold", "fingerprint")


def summarise(folder: Path) -> dict[str, Any]:
    """Return the facts that `smf-embed info` prints.

    Raises
    ------
    CatalogueError
        No catalogue in the folder, or a damaged one.
    """
    with closing(open_database(folder)) as database, database.reading() as generation:
        sql = database.sql
        meta = database.meta()
        clips, labelled = sql.execute("SELECT count(*), count(project) FROM clips").fetchone()
        vectors = sql.execute("SELECT count(*) FROM vectors").fetchone()[0]
        sizes = "SELECT project, count(*) FROM clips WHERE project IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
        projects = dict(sql.execute(sizes).fetchall())
        size, writer = database.stored_bytes(), database.writer()
        place = {} if isinstance(database, Database) else {"database": database.facts()}
    return {
        "catalogue": str(folder),
        **place,
        "clips": {"stored": clips, "labelled": labelled, "unlabelled": clips - labelled},
        "projects": projects,
        "vectors": vectors,
        "encoder": f"{meta['encoder']} (fingerprint {meta['fingerprint']})",
        "index": {"kind": meta["index_kind"]} | json.loads(meta.get("index_facts", "{}")),
        "generation": generation,
        "megabytes": round(size / 1e6, 1),
        "written by": writer or "nobody now",
        "model": _model_facts(folder / "model" / "manifest.json"),
    }


def _model_facts(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    manifest = read_sealed_json(path)
    if manifest is None:
        return {"damaged": "make it again: smf-embed fit"}
    return {name: manifest[name] for name in _MODEL_FACTS} | {
        "projects": len(manifest["projects"]) - 1,
        "out-of-fold macro-F1": manifest["metrics"]["macro_f1"],
        "taught since": ", ".join(manifest.get("taught", [])) or "nothing",
    }
