"""The clips of a catalogue as a Parquet table, that other programs read and `add` takes again; the log of labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from smf_embed.catalogue import Catalogue
from smf_embed.clips import COLUMNS, ID, NUMBER_COLUMNS, TEXT, TEXT_FIELDS, TITLE, split_text
from smf_embed.files import replace_atomically
from smf_embed.tables import csv_lines

_BATCH = 4096
#: Columns of the log of labels in a table; see `smf_embed.schema.LABEL_LOG`.
LOG_COLUMNS = ("at", "person", "source", ID, "was", "project", "generation", "undoes")


def export(
    catalogue: Catalogue,
    path: str | Path,
    *,
    vectors: bool = False,
    progress: Callable[[float, str], None] | None = None,
) -> int:
    """Write all clips of one generation; return their number.

    The columns are those of the studio's table, then `label_source` and `label_at` (UTC) of the newest label, the
    prepared texts (`title_text`, `description_text`, `subtitles_text`) and `corrections` (JSON). The file is whole or
    not there.

    Parameters
    ----------
    catalogue : Catalogue
    path : path
        Should end in `.parquet`.
    vectors : bool
        Also write `title_vector` and the like: lists of float32 of unit length, empty where there is no text.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is done.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: list[tuple[str, Any]] = [
        (name, pa.float64() if name in NUMBER_COLUMNS else pa.string()) for name in COLUMNS
    ]
    columns += [("label_source", pa.string()), ("label_at", pa.string()), ("corrections", pa.string())]
    columns += [(f"{name}_text", pa.string()) for name in TEXT_FIELDS]
    if vectors:
        columns += [(f"{name}_vector", pa.list_(pa.float32())) for name in TEXT_FIELDS]
    schema = pa.schema(columns)
    written = 0
    with catalogue.reading(), replace_atomically(Path(path)) as temporary:
        total = max(len(catalogue), 1)
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            for batch in catalogue.clip_batches(_BATCH):
                labels = catalogue.label_sources([clip["clip_key"] for clip in batch])
                table: dict[str, list[Any]] = {
                    name: [_text_of(clip) if name == TEXT else clip[name] for clip in batch] for name in COLUMNS
                }
                table["label_source"] = [labels.get(clip["clip_key"], (None, None))[0] for clip in batch]
                table["label_at"] = [labels.get(clip["clip_key"], (None, None))[1] for clip in batch]
                for name in ("corrections", *(f"{field}_text" for field in TEXT_FIELDS)):
                    table[name] = [clip[name] for clip in batch]
                if vectors:
                    encoded = catalogue.stored([clip[ID] for clip in batch])
                    for field in TEXT_FIELDS:
                        table[f"{field}_vector"] = [row if row.any() else [] for row in encoded.vectors[field]]
                writer.write_table(pa.table(table, schema=schema))
                written += len(batch)
                if progress:
                    progress(written / total, f"{written:,} clips")
    return written


def export_labels(catalogue: Catalogue, path: str | Path) -> int:
    """Write who gave which label when as CSV, oldest first; return how many labels there are.

    Columns are `LOG_COLUMNS`; see `smf_embed.tables.guarded` for texts that look like formulas.
    """
    rows = catalogue.label_log()
    with replace_atomically(Path(path)) as temporary, open(temporary, "w", encoding="utf-8-sig", newline="") as file:
        file.writelines(csv_lines(LOG_COLUMNS, rows))
    return len(rows)


def _text_of(clip: dict[str, Any]) -> str | None:
    """Return the description so that it is read as what it is: one that begins with a bracket would be cut."""
    title, description = clip[TITLE], clip["description"]
    if split_text(title, description) == (title, description):
        return description
    return f"[{title or ''}] {description}"
