"""The commands that keep the catalogue."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smf_embed import cli_bulk, cli_labels
from smf_embed.cli_index import StoreOption, opened_store
from smf_embed.cli_labels import IdsArgument, report_ids
from smf_embed.console import (
    BackendOption,
    CatalogueOption,
    ColumnOption,
    DeviceOption,
    IsolateOption,
    JsonOption,
    PromptOption,
    RejectedOption,
    SubtitlesOption,
    named_encoder,
    parse_columns,
    prepare_threads,
    print_table,
    progress,
    report_rejected,
    say,
    subtitles_of,
)
from smf_embed.errors import InputError

if TYPE_CHECKING:
    from smf_embed.adding import AddReport
    from smf_embed.bulk.shards import Shard
    from smf_embed.clip_tables import TableFile
    from smf_embed.clips import ClipBatch

# workers that the texts of a batch of usual size are enough for: there are two to four lists to encode
_WORKERS_A_BATCH = 2
# what a shell is told of a program that was stopped by Ctrl-C
_STOPPED = 130


def add(
    tables: Annotated[
        list[str],
        typer.Argument(
            metavar="TABLE...",
            help="CSV or Parquet files, folders or globs of them, or addresses; - is standard input.",
        ),
    ],
    catalogue: CatalogueOption = Path("index"),
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Encoder of a new catalogue: builtin, a folder with a sentence-transformers model, or a hub id."
        ),
    ] = None,
    prompt: PromptOption = None,
    backend: BackendOption = "torch",
    device: DeviceOption = "auto",
    isolate: IsolateOption = False,
    column: ColumnOption = None,
    subtitles: SubtitlesOption = None,
    rejected: RejectedOption = None,
    engine: cli_bulk.EngineOption = "local",
    workers: cli_bulk.WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Insert new clips and update changed ones, by yt_reel_id.

    A filled column cartoon is a label ("none" is one, too); an empty one means unlabelled. Texts that were encoded
    before are not encoded again. Ctrl-C finishes the batch in flight, and a run that is killed loses at most that; the
    same command does the rest.

    Of a folder or glob, each table is added in turn. --engine ray has the workers of Ray encode, here or on the cluster
    at RAY_ADDRESS; this process alone writes.
    """
    from smf_embed.adding import AddReport
    from smf_embed.bulk.shards import iter_shard
    from smf_embed.catalogue import Catalogue
    from smf_embed.clip_tables import TableFile, iter_clips, readable_again
    from smf_embed.clips import BATCH_ROWS
    from smf_embed.interrupts import stop_after_batch
    from smf_embed.neighbours import refresh_snapshots

    if engine == "local" and workers is None:
        prepare_threads()
    else:
        cli_bulk.prepare_engine(engine, workers)
    columns = parse_columns(column)
    add_subtitles, unread = subtitles_of(subtitles)
    total, done = AddReport(rejected=unread), AddReport()
    with ExitStack() as stack:
        files: list[TableFile | Shard] = []
        for table in tables:
            files += cli_bulk.many(table) or [stack.enter_context(readable_again(table))]
        read = iter_shard if any(map(cli_bulk.is_many, tables)) else iter_clips

        def check(file: TableFile | Shard) -> bool:
            with cli_bulk.reading(file) as here:
                return any(batch.clips for batch in read(here, columns, batch_rows=64))

        # a table that cannot be read, or has no good row, must be known before a catalogue is made; what is elsewhere
        # is fetched to be looked at, so that the first good one is enough
        usable = [check(file) for file in files if isinstance(file, TableFile)]
        if not any(usable) and not any(check(file) for file in files if not isinstance(file, TableFile)):
            for file in files:
                with cli_bulk.reading(file) as here:
                    for batch in read(here, columns):
                        total.rejected += batch.rejected
                        total.mended += batch.mended
            report_rejected(total.rejected, dict(total.mended), rejected)
            raise InputError("not one row could be used; the reasons are above")

        def show(batch: ClipBatch, report: AddReport) -> None:
            nonlocal done
            done = report
            speed = report.clips / max(report.seconds, 1e-3)
            update(batch.progress, f"{report.clips:,} clips, {speed:,.0f} a second")

        # Ray hears signals in its own way, so that what is to hear them first comes after it
        pool, larger = None, {}
        if engine == "ray":
            from smf_embed.bulk.on_ray import RayEncoder, ray_pool

            pool = stack.enter_context(ray_pool(workers))
            larger["batch_rows"] = BATCH_ROWS * math.ceil(pool.workers / _WORKERS_A_BATCH)
        stop = stack.enter_context(stop_after_batch("the batch in flight"))
        named = named_encoder(encoder, prompt, backend, device, isolate)
        opened = stack.enter_context(Catalogue(catalogue, create=True, encoder=named, device=device, isolate=isolate))
        if pool:
            opened.encoder = RayEncoder(opened.encoder, pool)
        stack.enter_context(opened.adding("add"))
        try:
            # each is read twice: first to learn words and boilerplate, so that the first clips profit from the last
            for file in files:
                with cli_bulk.reading(file) as here:
                    with progress(f"learning the words of {file.name}") as update:
                        opened.learn(add_subtitles(read(here, columns)), lambda batch: update(batch.progress, ""), stop)
                    done = AddReport()
                    with progress(f"adding {file.name}") as update:
                        total += opened.add(add_subtitles(read(here, columns, **larger)), show, stop)
                done = AddReport()
                if total.stopped or (stop() and file is not files[-1]):
                    total.stopped = True
                    break
        except BaseException:
            total += done
            if total.clips:
                say(f"stored before the error: {_as_counts(total)}; the same command does the rest")
            raise
        if not total.stopped:
            refresh_snapshots(opened)
        clips, windowed = len(opened), opened.encoder.windowed_texts
    report_rejected(total.rejected, dict(total.mended), rejected)
    summary = {
        "added": total.added,
        "updated": total.updated,
        "unchanged": total.unchanged,
        "rejected": len(total.rejected),
        "labels": total.labelled,
        "texts_encoded": total.encoded_texts,
        "texts_in_windows": windowed,
        "clips": clips,
        "seconds": round(total.seconds, 1),
    }
    if as_json:
        print(json.dumps(summary | {"stopped": total.stopped}))
    else:
        print(
            f"{_as_counts(total)}, rejected {len(total.rejected):,}; {total.labelled:,} labels, "
            f"{total.encoded_texts:,} texts encoded"
            + (f" ({windowed:,} in windows, nothing cut)" if windowed else "")
            + f", {total.seconds:.1f} s. The catalogue holds {clips:,} clips."
        )
    if total.stopped:
        say("smf-embed: stopped before the end; what is counted above is stored, and the same command does the rest")
        sys.exit(_STOPPED)


def _as_counts(report: AddReport) -> str:
    return f"added {report.added:,}, updated {report.updated:,}, unchanged {report.unchanged:,}"


def remove(ids: IdsArgument, catalogue: CatalogueOption = Path("index")) -> None:
    """Remove clips with their labels. Vectors of their texts stay until compact, so that they may come again."""
    from smf_embed.catalogue import Catalogue

    with Catalogue(catalogue) as opened:
        done = opened.remove(ids)
        left = len(opened)
    report_ids(ids, done, catalogue)
    print(f"removed {len(done):,} clips. The catalogue holds {left:,} clips.")


def compact(catalogue: CatalogueOption = Path("index")) -> None:
    """Drop vectors that no clip has any more, and give their room on the disk back."""
    from smf_embed.catalogue import Catalogue
    from smf_embed.neighbours import refresh_snapshots

    prepare_threads()
    with Catalogue(catalogue) as opened, opened.writing("compact"):
        before = opened.database.stored_bytes()
        dropped = opened.compact()
        refresh_snapshots(opened)
        now = opened.database.stored_bytes()
    print(f"dropped {dropped:,} vectors; {before / 1e6:,.1f} MB before, {now / 1e6:,.1f} MB now")


def export(
    output: Annotated[
        Path, typer.Argument(metavar="FILE", help="The table to write: .parquet, or with --labels .csv.")
    ],
    vectors: Annotated[bool, typer.Option("--vectors", help="Write the vectors, too.")] = False,
    labels: Annotated[bool, typer.Option("--labels", help="Write who gave which label when, not clips.")] = False,
    catalogue: CatalogueOption = Path("index"),
) -> None:
    """Write all clips with their labels, prepared texts and corrections as a table that add takes again.

    With --labels, the log of all labels as CSV, also of clips that are gone; texts that a spreadsheet would take for
    formulas begin with an apostrophe there.
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.exporting import export as write
    from smf_embed.exporting import export_labels

    if labels:
        if vectors or output.suffix != ".csv":
            raise InputError(f"{output}: for --labels name a file that ends in .csv, and leave out --vectors")
        with Catalogue(catalogue) as opened:
            written = export_labels(opened, output)
        print(f"{written:,} labels written to {output}")
        return
    if output.suffix != ".parquet":
        raise InputError(f"{output}: name a file that ends in .parquet")
    with Catalogue(catalogue) as opened, progress(f"writing {output}") as update:
        written = write(opened, output, vectors=vectors, progress=update)
    print(f"{written:,} clips written to {output}")


def reindex(
    encoder: Annotated[
        str | None,
        typer.Option(help="Encode all texts with another encoder: builtin, a folder with a model, or a hub id."),
    ] = None,
    prompt: PromptOption = None,
    backend: BackendOption = "torch",
    device: DeviceOption = "auto",
    isolate: IsolateOption = False,
    index: Annotated[
        str | None,
        typer.Option(help="Kind of the index of similar clips, in FAISS's words: Flat, HNSW32, IVF1024,SQ8."),
    ] = None,
    max_memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Choose the index by measuring: at most 2G, 500M.")
    ] = None,
    max_latency: Annotated[
        str | None, typer.Option(metavar="TIME", help="Choose the index by measuring: a search takes at most 10ms.")
    ] = None,
    catalogue: CatalogueOption = Path("index"),
    as_json: JsonOption = False,
) -> None:
    """Prepare and encode all texts anew, or build another index of similar clips.

    The new is made beside the old and takes its place at the end; killed half-way, the old one still serves, and what
    was encoded is not encoded again. Without options the texts are prepared with all that has been learned by now.
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.index_choice import parse_latency, parse_memory
    from smf_embed.interrupts import stop_after_batch
    from smf_embed.neighbours import refresh_snapshots, reindex_kind
    from smf_embed.reencoding import reencode

    prepare_threads()
    started = time.monotonic()
    budget = index is not None or max_memory is not None or max_latency is not None
    if index is not None and (max_memory is not None or max_latency is not None):
        raise InputError("name the index by --index or a budget by --max-memory and --max-latency, and not both")
    memory = None if max_memory is None else parse_memory(max_memory)
    latency = None if max_latency is None else parse_latency(max_latency)
    facts: dict[str, Any] = {}
    named = named_encoder(encoder, prompt, backend, device, isolate)
    with Catalogue(catalogue, device=device, isolate=isolate) as opened, opened.writing("reindex"):
        before = opened.fingerprint
        if encoder is not None or not budget:
            # building an index has no batches: Ctrl-C ends it at once, and the old one stays
            with stop_after_batch("the batch in flight") as stop, progress("encoding") as update:
                done = reencode(opened, named, update, stop)
            if done.stopped:
                say(
                    f"smf-embed: stopped; nothing has changed yet, {done.encoded_texts:,} texts are encoded, and the "
                    "same command does the rest"
                )
                sys.exit(_STOPPED)
            facts |= {"clips": done.clips, "changed_texts": done.changed_texts, "texts_encoded": done.encoded_texts}
        if budget:
            with progress("building the index") as update:
                facts |= reindex_kind(opened, index, max_memory=memory, max_latency=latency, progress=update)
        else:
            refresh_snapshots(opened)
        changed = before != opened.fingerprint
    facts["seconds"] = round(time.monotonic() - started, 1)
    print(json.dumps(facts, ensure_ascii=False) if as_json else _as_sentence(facts))
    if changed and (catalogue / "model" / "manifest.json").exists():
        say("the model was fitted on vectors of the encoder before; fit it again: smf-embed fit")


def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    catalogue: CatalogueOption = Path("index"),
    as_json: JsonOption = False,
) -> None:
    """Check the catalogue, its snapshots and the model from end to end; say what is wrong and what mends it.

    Exit code 0 when nothing is wrong (any more), 3 when something is.
    """
    from smf_embed.doctor import examine

    prepare_threads()
    with progress("examining") as update:
        findings = examine(catalogue, repair=repair, progress=update)
    if as_json:
        for finding in findings:
            print(json.dumps(vars(finding), ensure_ascii=False))
    elif findings:
        print_table(
            ["where", "mended", "what is wrong"],
            [[finding.where, "yes" if finding.mended else "no", finding.problem] for finding in findings],
        )
        for remedy in dict.fromkeys(finding.remedy for finding in findings if not finding.mended):
            print(f"mend it: {remedy}")
    else:
        print(f"{catalogue}: nothing is wrong")
    if any(not finding.mended for finding in findings):
        sys.exit(3)


def similar(
    yt_reel_id: Annotated[str | None, typer.Argument(metavar="ID", help="A clip of the catalogue.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="A text to compare with, instead of a clip.")] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many clips to list.")] = 10,
    project: Annotated[str | None, typer.Option(help="Only clips of this project.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only clips of this channel, by id or name.")] = None,
    labelled: Annotated[bool, typer.Option("--labelled", help="Only clips that have a label.")] = False,
    language: Annotated[str | None, typer.Option(help="Only clips of this language, as the table names it.")] = None,
    store: StoreOption = None,
    catalogue: CatalogueOption = Path("index"),
    as_json: JsonOption = False,
) -> None:
    """List the clips whose titles are nearest to that of a clip, or to a text."""
    from smf_embed import neighbours
    from smf_embed.catalogue import Catalogue

    if (yt_reel_id is None) == (text is None):
        raise InputError("name either the id of a clip or --text, and not both")
    prepare_threads()
    with Catalogue(catalogue) as opened, opened_store(store, opened) as open_store:
        found = neighbours.similar(
            opened,
            yt_reel_id,
            text=text,
            k=k,
            project=project,
            channel=channel,
            labelled=labelled,
            language=language,
            open_index=(lambda _, field: open_store(field)) if open_store else neighbours.Neighbours,
        )
        if project is not None and project not in opened.project_sizes():
            say(f"{project}: no clip has this label; what there is: smf-embed info")
    if as_json:
        for line in found:
            print(json.dumps(line, ensure_ascii=False))
        return
    print_table(
        ["similarity", "id", "project", "channel", "title"],
        [
            [f"{c['similarity']:.3f}", c["yt_reel_id"], c["project"] or "—", c["channel"] or "", c["title"] or ""]
            for c in found
        ],
    )


def info(catalogue: CatalogueOption = Path("index"), as_json: JsonOption = False) -> None:
    """Tell what the catalogue and the model hold, without loading either."""
    from smf_embed.summary import summarise

    summary = summarise(catalogue)
    if as_json:
        print(json.dumps(summary, ensure_ascii=False))
        return
    for name, value in summary.items():
        print(f"{name + ':':<14}{_as_sentence(value) if isinstance(value, dict) else value or 'none yet'}")


def _as_sentence(facts: dict[str, Any]) -> str:
    shown = {name.replace("_", " "): value for name, value in facts.items() if value not in (None, [], {})}
    if isinstance(shown.get("measured"), list):
        shown |= {name.replace("_", " "): value for name, value in shown.pop("measured")[-1].items()}
    return ", ".join(
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}" for name, value in shown.items()
    )


COMMANDS: dict[str, tuple[Callable[..., None], str]] = {
    "add": (add, "Example: smf-embed add clips.csv more.parquet --column reel_name=title"),
    "remove": (remove, "Example: smf-embed remove dQw4w9WgXcQ -- -f9WgXcQ123"),
    **cli_labels.COMMANDS,
    "similar": (similar, 'Example: smf-embed similar --text "Маша и медведь" -k 5 --labelled'),
    "info": (info, "Example: smf-embed info --json"),
    "export": (export, "Example: smf-embed export clips.parquet --vectors"),
    "compact": (compact, "Example: smf-embed compact"),
    "reindex": (reindex, "Example: smf-embed reindex --index HNSW32   or: smf-embed reindex --max-latency 10ms"),
    "doctor": (doctor, "Example: smf-embed doctor --repair"),
}
"""Command → its function and the example in its help."""
