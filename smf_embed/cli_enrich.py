"""The commands that look clips up: sync, and predict by ids."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smf_embed.console import CatalogueOption, JsonOption, prepare_threads, progress, say
from smf_embed.errors import InputError, ModelError

if TYPE_CHECKING:
    from smf_embed.answers import ClipAnswer
    from smf_embed.enrichment.states import Source
    from smf_embed.enrichment.syncing import SyncReport

_STOPPED = 130
_INCOMPLETE = 4
_SHOWN = 5

TranscriptsOption = Annotated[
    str | None,
    typer.Option(
        "--transcripts",
        metavar="LANGUAGES",
        help="Also take what is said in clips, in these languages if there is a choice: ru,en.",
    ),
]
QuotaOption = Annotated[
    int | None,
    typer.Option("--quota", min=1, metavar="UNITS", help="Units a day of the YouTube Data API, if not 10,000."),
]


def sync(
    channels: Annotated[
        Path, typer.Option("--channels", metavar="FILE", help="A channel a line: its id, @handle or link.")
    ],
    source: Annotated[
        str, typer.Option("--source", help="youtube, a folder of yt-dlp's .info.json files, or FILE.sql.")
    ] = "youtube",
    transcripts: TranscriptsOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Write decisions of what is new or has changed, as .csv, .parquet or .jsonl."
        ),
    ] = None,
    recheck_days: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="DAYS",
            help="Also ask again for what no schedule asks for: to see which clips are gone, and which are back.",
        ),
    ] = None,
    quota: QuotaOption = None,
    catalogue: CatalogueOption = Path("index"),
    as_json: JsonOption = False,
) -> None:
    """Add new clips of channels since last time, and ask again for those that could not be had.

    Each page and batch is stored before the next is asked for: Ctrl-C finishes the one in flight, a kill loses at most
    that, and the same command does the rest and nothing twice. Exit code 4: the source could not be reached or its
    quota is used up; what was done by then is kept.
    """
    from smf_embed.catalogue import Catalogue
    from smf_embed.enrichment.channels import read_channels
    from smf_embed.enrichment.opening import open_source
    from smf_embed.enrichment.syncing import sync as bring_up_to_date
    from smf_embed.interrupts import stop_after_batch
    from smf_embed.neighbours import refresh_snapshots

    prepare_threads()
    started = time.monotonic()
    named = read_channels(channels)
    if output is not None:
        expect_table(output)
        if output.exists():
            raise InputError(f"{output}: is there already, and what it tells is told once; name another file")
        if not (catalogue / "model" / "manifest.json").exists():
            raise ModelError(f"{catalogue}: holds no model to decide by; make one: smf-embed fit, or leave -o out")
    opened_source = open_source(source, _languages(transcripts), daily_units=quota)
    with closing(opened_source), Catalogue(catalogue) as opened:
        with stop_after_batch("the page or batch in flight") as stop, progress("looking up") as update:
            report = bring_up_to_date(
                opened, opened_source, named, recheck_days=recheck_days, progress=update, stop=stop
            )
        refresh_snapshots(opened)
        told = 0 if output is None or report.stopped else _write_news(opened, output)
    _say_notes(opened_source)
    facts = _facts(report) | {
        "decided": told,
        "notes": opened_source.notes,
        "seconds": round(time.monotonic() - started, 1),
    }
    if as_json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        _print_report(report, facts, output)
    _exit(report.stopped, report.trouble)


def decide_ids(
    file: str,
    catalogue: Path,
    source: str | None,
    transcripts: str | None,
    output: Path | None,
    min_precision: float | None,
    as_json: bool,
    *,
    quota: int | None,
    device: str,
    isolate: bool,
) -> None:
    """Decide the clips whose ids or links a file lists, one a line, and print or write the answers in that order."""
    from smf_embed.answers import UNKNOWN, answer
    from smf_embed.catalogue import Catalogue
    from smf_embed.enrichment.opening import open_source
    from smf_embed.interrupts import stop_after_batch

    for option, value in (("--transcripts", transcripts), ("--quota", quota)):
        if source is None and value is not None:
            raise InputError(f"{option} belongs to a source; name it, too: --source youtube")
    given = _read_lines(file)
    opened_source = open_source(source, _languages(transcripts), daily_units=quota) if source is not None else None
    with (
        closing(opened_source) if opened_source is not None else nullcontext(),
        Catalogue(catalogue, device=device, isolate=isolate) as opened,
        stop_after_batch("the batch in flight") as stop,
        progress("looking up") as update,
    ):
        answers = answer(
            given,
            opened,
            source=opened_source,
            min_precision=min_precision,
            progress=lambda done: update(done / len(given), f"{done:,} clips"),
            stop=stop,
        )
        stopped = stop()
    if opened_source is not None:
        _say_notes(opened_source)
    _write(answers.clips, output, as_json)
    unknown = sum(clip.cartoon == UNKNOWN for clip in answers.clips)
    say(
        f"{len(answers.clips):,} ids and links: {len(answers.clips) - unknown:,} answered, {unknown:,} unknown"
        + (f". Written to {output}" if output is not None else "")
    )
    _exit(stopped, answers.trouble)


def _exit(stopped: bool, trouble: Exception | None) -> None:
    if stopped:
        say("smf-embed: stopped before the end; what was done is kept, and the same command does the rest")
        sys.exit(_STOPPED)
    if trouble is not None:
        say(f"smf-embed: {' '.join(str(trouble).split())}")
        sys.exit(_INCOMPLETE)


def _write_news(opened: Any, output: Path) -> int:
    """Write the decisions of clips that have changed since the last time; return how many there are."""
    from smf_embed.answers import answer
    from smf_embed.enrichment.watched import Watched

    watched = Watched(opened)
    # a change that another sync stored in between would be marked as told, and was not
    with opened.adding("sync", alone=True):
        ids = watched.untold()
        _write(answer(ids, opened).clips, output, False)
        if ids:
            with opened.transaction("sync"):
                watched.set_told(ids)
    return len(ids)


def _write(clips: Sequence[ClipAnswer], output: Path | None, as_json: bool) -> None:
    import pandas as pd

    from smf_embed.answers import ClipAnswer
    from smf_embed.table_decisions import write_decisions

    if output is None and as_json:
        for clip in clips:
            print(json.dumps(asdict(clip), ensure_ascii=False))
        return
    table = pd.DataFrame([asdict(clip) for clip in clips], columns=list(ClipAnswer.__dataclass_fields__))
    if output is not None:
        write_decisions(table, output)
    else:
        table.to_csv(sys.stdout, index=False)


def _facts(report: SyncReport) -> dict[str, Any]:
    return {
        "channels": report.channels,
        "unlisted": report.unlisted,
        "new": report.new,
        "asked_for": dict(report.states),
        "changes": {f"{before} → {after}": count for (before, after), count in report.changes.items()},
        "units": report.units,
        "waiting": report.waiting,
        "next_try": report.next_try,
        "trouble": str(report.trouble) if report.trouble is not None else None,
        "stopped": report.stopped,
    }


def _print_report(report: SyncReport, facts: dict[str, Any], output: Path | None) -> None:
    for channel, reason in list(report.unlisted.items())[:_SHOWN]:
        say(f"not listed: {channel}: {reason}")
    if len(report.unlisted) > _SHOWN:
        say(f"not listed: {len(report.unlisted) - _SHOWN:,} more channels; all of them by --json")
    asked = ", ".join(f"{count:,} {state}" for state, count in report.states.most_common())
    print(
        f"{report.channels:,} channels listed, {report.new:,} new clips; asked for {report.states.total():,}"
        + (f" ({asked})" if asked else "")
        + f"; {report.units:,} units of the quota, {facts['seconds']:.1f} s"
    )
    # that a clip that was just listed is whole now is no news
    changes = [(change, count) for change, count in facts["changes"].items() if not change.startswith("listed → ok")]
    if changes:
        print("changed: " + ", ".join(f"{count:,} {change}" for change, count in changes))
    if report.waiting or report.next_try:
        print(f"{report.waiting:,} clips are still to be asked for; the next is due at {report.next_try}")
    if output is not None and not report.stopped:
        print(f"{facts['decided']:,} clips decided. Written to {output}")


def _say_notes(source: Source) -> None:
    for note in source.notes[:_SHOWN]:
        say(note)
    if len(source.notes) > _SHOWN:
        say(f"and {len(source.notes) - _SHOWN:,} more notes; sync --json prints all of them")


def _languages(given: str | None) -> list[str]:
    return [language.strip() for language in (given or "").split(",") if language.strip()]


def expect_table(output: Path) -> None:
    """Raise where decisions cannot be written as the suffix says."""
    if output.suffix not in (".csv", ".parquet", ".jsonl"):
        raise InputError(f"{output}: name a file that ends in .csv, .parquet or .jsonl")


def _read_lines(file: str) -> list[str]:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{file}: is no text in UTF-8; write an id or a link a line") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    given = [line.strip() for line in lines if line.strip()]
    if not given:
        raise InputError(f"{file}: there is no id in it")
    return given


SYNC_EXAMPLE = "Example: smf-embed sync --channels channels.txt -o news.csv"
