"""What the commands share: options, tables, progress bars and messages."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smf_embed.errors import InputError
from smf_embed.shared_address import local_folder

if TYPE_CHECKING:
    from smf_embed.clips import ClipBatch, RejectedRow

# rejected rows that are shown; all of them go where --rejected says
_SHOWN = 5
# between columns of a table; columns of one that goes into a pipe
_GAP, _PIPED = "  ", 120


def place(given: object) -> Path:
    """Return the folder that a place on the command line names: its path, or the address of a shared catalogue."""
    return local_folder(str(given))


CatalogueOption = Annotated[
    Path,
    typer.Option(
        "--catalogue",
        envvar="SMF_EMBED_CATALOGUE",
        parser=place,
        metavar="DIR",
        help="Folder of the catalogue and its model, or postgresql://USER@HOST/DB: docs/shared-catalogue.md.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column", metavar="OURS=THEIRS", help="Name of a column in the table, where it is not the studio's."
    ),
]
SubtitlesOption = Annotated[
    Path | None,
    typer.Option("--subtitles", metavar="FOLDER", help="Folder of subtitle files ID.LANGUAGE.vtt (or .srt, .ass)."),
]
RejectedOption = Annotated[
    Path | None, typer.Option("--rejected", metavar="FILE.csv", help="Write the rejected rows and the reasons here.")
]
PromptOption = Annotated[
    str | None,
    typer.Option(
        help="What the encoder reads before each text, such as 'query: '; known models have theirs, and '' is nothing."
    ),
]
BackendOption = Annotated[
    str, typer.Option(help="What runs the encoder: torch, openvino or openvino-int8, which a CPU profits from.")
]
DeviceOption = Annotated[str, typer.Option(help="Where texts are encoded: auto, cpu, cuda (all of them) or mps.")]
IsolateOption = Annotated[
    bool, typer.Option("--isolate", help="Encode in a process of its own, where torch and LightGBM do not get on.")
]


def report_rejected(rows: list[RejectedRow], mended: dict[str, int], path: Path | None) -> None:
    for row in rows[:_SHOWN]:
        say(f"rejected: {row.source} line {row.line}{f' ({row.id})' if row.id else ''}: {row.reason}")
    if len(rows) > _SHOWN:
        where = f"all are in {path}" if path else "to see them: --rejected FILE.csv"
        say(f"rejected: {len(rows) - _SHOWN:,} more rows; {where}")
    if mended:
        cells = ", ".join(f"{count:,} in {name}" for name, count in mended.items())
        say(f"taken as missing, since they are no numbers: cells {cells}")
    if path:
        from smf_embed.files import replace_atomically

        with replace_atomically(path) as temporary:
            write_rejected(rows, temporary)


def write_rejected(rows: list[RejectedRow], path: Path) -> None:
    """Write rejected rows and the reasons as CSV."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["source", "line", "yt_reel_id", "reason"])
        writer.writerows([row.source, row.line, row.id, row.reason] for row in rows)


def print_scores(scores: dict[str, Any], what: str, as_json: bool) -> None:
    if as_json:
        print(json.dumps(scores, ensure_ascii=False))
        return
    either = scores["project_or_none"]
    print(f"macro-F1 {scores['macro_f1']:.4f} over {scores['classes']} classes, {scores['clips']:,} clips ({what})")
    print(
        "project or none: "
        + ", ".join(f"{name} {value:.4f}" for name, value in either.items() if value is not None)
        + (f"; right project where both name one {scores['right_project']:.4f}" if scores["right_project"] else "")
    )
    if "by_size" in scores:
        print_table(
            ["training clips", "projects", "mean F1"],
            [[size, str(row["projects"]), f"{row['f1']:.4f}"] for size, row in scores["by_size"].items()],
        )
    if "coverage" in scores:
        names = ["confidence", "coverage", "right", "precision", "recall"]
        rows = [["—" if row[name] is None else f"{row[name]:.4f}" for name in names] for row in scores["coverage"]]
        print_table([f"{names[0]} at least", *names[1:]], rows)


def print_table(header: list[str], rows: list[list[str]]) -> None:
    """Print a table whose widest columns are shortened until it fits the screen, or 120 columns in a pipe."""
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(width=_PIPED)
    # brackets in titles are text, not markup; a line break in one would break the table
    cells = [[" ".join(cell.split()) for cell in row] for row in rows]
    least = [cell_len(name) for name in header]
    widths = [max([least[place], *(cell_len(row[place]) for row in cells)]) for place in range(len(header))]
    widths = _narrowed(widths, least, console.width - len(_GAP) * (len(header) - 1))
    # rich leaves columns out where there is no room for them; here the screen breaks the lines then
    console.width = max(console.width, sum(widths) + len(_GAP) * (len(header) - 1))
    table = Table(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="bold")
    for name, width in zip(header, widths, strict=True):
        table.add_column(name, overflow="ellipsis", no_wrap=True, width=width)
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def _narrowed(widths: list[int], least: list[int], room: int) -> list[int]:
    """Take from the widest column, again and again, until all fit or none can give more."""
    widths = list(widths)
    while sum(widths) > room:
        able = [place for place, width in enumerate(widths) if width > least[place]]
        if not able:
            break
        widths[max(able, key=widths.__getitem__)] -= 1
    return widths


def check_writable(path: Path | None) -> None:
    """See that a file can be written, before the work whose result it takes; None is no file.

    Raises
    ------
    InputError
        The path is a folder, or a part of it is a file or may not be written to.
    """
    if path is None:
        return
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file")
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise InputError(f"{path}: cannot be written, since {folder} is a file")
    # the file itself is replaced, so only its folder matters
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"{path}: cannot be written, since there is no permission to write to {folder}")


@contextmanager
def progress(what: str) -> Iterator[Any]:
    """Show a progress bar on standard error where that is a terminal; yield what moves it on."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(what, total=1.0, state="")
        yield lambda share, state: bar.update(task, completed=min(share, 1.0), state=state)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def named_encoder(name: str | None, prompt: str | None, backend: str, device: str, isolate: bool) -> Any:
    """Return the encoder that options name, None where they name none; options without a name are an error."""
    if name is None:
        if prompt is not None or backend != "torch":
            raise InputError("--prompt and --backend belong to an encoder; name it, too: --encoder NAME")
        return None
    from smf_embed.encoder import Encoder
    from smf_embed.isolation import IsolatedEncoder

    if prompt is None and backend == "torch":
        return name
    return (IsolatedEncoder if isolate else Encoder)(name, prompt=prompt, backend=backend, device=device)


def prepare_threads() -> None:
    """Set thread counts before any library that reads them is imported."""
    from smf_embed.threads import limit_threads

    limit_threads()


def subtitles_of(
    folder: Path | None,
) -> tuple[Callable[[Iterator[ClipBatch]], Iterator[ClipBatch]], list[RejectedRow]]:
    """Read a folder of subtitles; return what gives them to clips, and the files that could not be read."""
    if folder is None:
        return lambda batches: batches, []
    from smf_embed.clips import RejectedRow
    from smf_embed.subtitles import read_folder, with_subtitles

    found = read_folder(folder)
    return (
        lambda batches: with_subtitles(batches, found),
        [RejectedRow(str(path), 0, "", reason) for path, reason in found.rejected],
    )


def parse_columns(column: Sequence[str] | None) -> dict[str, str]:
    """Return our name → the table's name of the columns that are named otherwise."""
    columns = {}
    for pair in column or ():
        ours, equals, theirs = pair.partition("=")
        if not equals or not theirs:
            raise InputError(f"--column {pair}: write OURS=THEIRS, such as --column reel_name=title")
        columns[ours.strip()] = theirs.strip()
    return columns
