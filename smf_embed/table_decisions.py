"""The clips of a table, decided batch by batch, with what could not be read told on the way."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from smf_embed.console import check_writable, parse_columns, progress, report_rejected, subtitles_of
from smf_embed.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from smf_embed.classifier import Classifier


def decide_table(
    table: str,
    folder: Path,
    column: list[str] | None,
    subtitles: Path | None,
    rejected: Path | None,
    *,
    device: str = "auto",
    isolate: bool = False,
    labelled_only: bool = False,
    min_precision: float | None = None,
    with_facts: bool = False,
) -> tuple[pd.DataFrame, Classifier, int, float]:
    """Decide the clips of a table batch by batch.

    Parameters
    ----------
    table : str
        CSV or Parquet file; `-` is standard input.
    folder : Path
        Of the catalogue.
    column, subtitles, rejected, device, isolate
        What the options of the same names say.
    labelled_only : bool
        Leave rows without a label out.
    min_precision : float, optional
        See `smf_embed.classifier.Classifier.predict`.
    with_facts : bool
        Also give the columns `smf_embed.judging.FACTS`.

    Returns
    -------
    decisions : DataFrame
        A row a clip; where an id comes again, the last row counts.
    model : Classifier
    texts : int
        How many texts were encoded.
    seconds : float
    """
    import pandas as pd

    from smf_embed.catalogue import Catalogue
    from smf_embed.classifier import MODEL_FOLDER, Classifier
    from smf_embed.clip_tables import iter_clips
    from smf_embed.clips import ID, LABEL, ClipBatch, RejectedRow, repeated_id_reason
    from smf_embed.judging import facts_of

    columns = parse_columns(column)
    check_writable(rejected)
    started = time.monotonic()
    parts, mended = [], ClipBatch().mended
    add_subtitles, rows = subtitles_of(subtitles)
    lines: dict[str, int] = {}
    texts = 0
    with Catalogue(folder, device=device, isolate=isolate) as catalogue:
        model = Classifier.load(catalogue.folder / MODEL_FOLDER, catalogue)
        with progress(f"deciding {table}") as update:
            for batch in add_subtitles(iter_clips(table, columns)):
                rows += batch.rejected
                mended += batch.mended
                clips = [clip for clip in batch.clips if clip[LABEL] is not None] if labelled_only else batch.clips
                for clip in clips:
                    if clip[ID] in lines:
                        rows.append(
                            RejectedRow(batch.source, lines[clip[ID]], clip[ID], repeated_id_reason(clip["line"]))
                        )
                    lines[clip[ID]] = clip["line"]
                if clips:
                    encoded, new = catalogue.encoded(clips)
                    texts += new
                    decided = model.predict(encoded, min_precision=min_precision)
                    parts.append(pd.concat([decided, facts_of(encoded)], axis=1) if with_facts else decided)
                update(batch.progress, f"{sum(map(len, parts)):,} clips")
    report_rejected(rows, dict(mended), rejected)
    if not parts:
        raise InputError(
            f"{table}: no row that could be used has a label in column {LABEL}"
            if labelled_only
            else f"{table}: not one row could be used; the reasons are above"
        )
    decisions = pd.concat(parts, ignore_index=True).drop_duplicates(ID, keep="last", ignore_index=True)
    return decisions, model, texts, time.monotonic() - started


def write_decisions(decisions: pd.DataFrame, output: Path) -> None:
    """Write a table as the suffix says, .csv, .parquet or .jsonl, in one step."""
    from smf_embed.files import replace_atomically

    decisions.attrs = {}
    with replace_atomically(output) as temporary:
        if output.suffix == ".parquet":
            decisions.to_parquet(temporary, index=False)
        elif output.suffix == ".jsonl":
            decisions.to_json(temporary, orient="records", lines=True, force_ascii=False)
        else:
            decisions.to_csv(temporary, index=False)
