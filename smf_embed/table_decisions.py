"""The clips of a table, decided batch by batch, with what could not be read told on the way."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smf_embed.console import check_writable, parse_columns, progress, report_rejected, subtitles_of
from smf_embed.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow

    from smf_embed.catalogue import Catalogue
    from smf_embed.classifier import Classifier
    from smf_embed.clips import ClipBatch, RejectedRow


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
    store: str | None = None,
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
    store : str, optional
        Look up the nearest labelled clips there; see `smf_embed.milvus.Milvus`.

    Returns
    -------
    decisions : DataFrame
        A row a clip; where an id comes again, the last row counts.
    model : Classifier
    texts : int
        How many texts were encoded.
    seconds : float
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.classifier import MODEL_FOLDER, Classifier
    from smf_embed.cli_index import opened_store
    from smf_embed.clip_tables import iter_clips
    from smf_embed.clips import LABEL

    columns = parse_columns(column)
    check_writable(rejected)
    started = time.monotonic()
    add_subtitles, rows = subtitles_of(subtitles)
    with Catalogue(folder, device=device, isolate=isolate) as catalogue, opened_store(store, catalogue) as open_store:
        model = Classifier.load(catalogue.folder / MODEL_FOLDER, catalogue, open_store=open_store)
        with progress(f"deciding {table}") as update:
            decided = decide_batches(
                add_subtitles(iter_clips(table, columns)),
                catalogue,
                model,
                labelled_only=labelled_only,
                min_precision=min_precision,
                with_facts=with_facts,
                progress=lambda share, clips: update(share, f"{clips:,} clips"),
            )
    report_rejected(rows + decided.rejected, dict(decided.mended), rejected)
    if decided.decisions is None:
        raise InputError(
            f"{table}: no row that could be used has a label in column {LABEL}"
            if labelled_only
            else f"{table}: not one row could be used; the reasons are above"
        )
    return decided.decisions, model, decided.texts, time.monotonic() - started


@dataclass
class DecidedTable:
    """What `decide_batches` made of a table.

    Attributes
    ----------
    decisions : DataFrame or None
        A row a clip; where an id comes again, the last row counts. None where no row could be used.
    rejected : list of RejectedRow
    mended : Counter
        Column name → number of its cells that were no numbers and count as missing.
    texts : int
        How many texts were encoded.
    """

    decisions: pd.DataFrame | None
    rejected: list[RejectedRow]
    mended: Counter[str]
    texts: int


def decide_batches(
    batches: Iterable[ClipBatch],
    catalogue: Catalogue,
    model: Classifier,
    *,
    labelled_only: bool = False,
    min_precision: float | None = None,
    with_facts: bool = False,
    progress: Callable[[float, int], None] | None = None,
) -> DecidedTable:
    """Decide the clips of a table that is read in batches; options are those of `decide_table`.

    Parameters
    ----------
    batches : iterable of ClipBatch
        See `smf_embed.clip_tables.iter_clips`.
    catalogue : Catalogue
    model : Classifier
    progress : callable, optional
        Called after each batch with the share of the table that was read and the number of clips decided by now.
    """
    import pandas as pd

    from smf_embed.clips import ID, LABEL, RejectedRow, repeated_id_reason
    from smf_embed.judging import facts_of

    parts: list[pd.DataFrame] = []
    rejected: list[RejectedRow] = []
    mended: Counter[str] = Counter()
    lines: dict[str, int] = {}
    texts = 0
    for batch in batches:
        rejected += batch.rejected
        mended += batch.mended
        clips = [clip for clip in batch.clips if clip[LABEL] is not None] if labelled_only else batch.clips
        for clip in clips:
            if clip[ID] in lines:
                reason = repeated_id_reason(clip["line"])
                rejected.append(RejectedRow(batch.source, lines[clip[ID]], clip[ID], reason))
            lines[clip[ID]] = clip["line"]
        if clips:
            encoded, new = catalogue.encoded(clips)
            texts += new
            decided = model.predict(encoded, min_precision=min_precision)
            parts.append(pd.concat([decided, facts_of(encoded)], axis=1) if with_facts else decided)
        if progress:
            progress(batch.progress, sum(map(len, parts)))
    decisions = (
        pd.concat(parts, ignore_index=True).drop_duplicates(ID, keep="last", ignore_index=True) if parts else None
    )
    return DecidedTable(decisions, rejected, mended, texts)


def write_decisions(decisions: pd.DataFrame, output: Path) -> None:
    """Write a table as the suffix says, .csv, .parquet or .jsonl, in one step.

    The columns of `smf_embed.classifier.Classifier.predict` have the same types in every Parquet file.
    """
    from smf_embed.files import replace_atomically

    decisions.attrs = {}
    with replace_atomically(output) as temporary:
        if output.suffix == ".parquet":
            decisions.to_parquet(temporary, index=False, schema=_schema_of(decisions))
        elif output.suffix == ".jsonl":
            decisions.to_json(temporary, orient="records", lines=True, force_ascii=False)
        else:
            decisions.to_csv(temporary, index=False)


def _schema_of(decisions: pd.DataFrame) -> pyarrow.Schema:
    """Return the Arrow types of a table: of one without a row, pandas would say that its texts are of no type."""
    import pyarrow

    types = dict.fromkeys(("yt_reel_id", "cartoon", "runner_up", "why"), pyarrow.large_string())
    types |= dict.fromkeys(("confidence", "runner_up_confidence"), pyarrow.float64()) | {"unsure": pyarrow.bool_()}
    inferred = pyarrow.Schema.from_pandas(decisions, preserve_index=False)
    return pyarrow.schema([pyarrow.field(name, types.get(name, inferred.field(name).type)) for name in inferred.names])
