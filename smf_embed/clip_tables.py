"""Reading tables of clips from CSV, Parquet and data frames, in batches, with every bad row accounted for."""

from __future__ import annotations

import csv
import io
import itertools
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pandas as pd

from smf_embed.clips import (
    BATCH_ROWS,
    CLIP_FIELDS,
    COLUMNS,
    ID,
    MAX_ID,
    TEXT,
    TITLE,
    ClipBatch,
    RejectedRow,
    repeated_id_reason,
    take_row,
)
from smf_embed.errors import InputError, NoRowsError


@dataclass
class ClipTable:
    """A whole table, read at once.

    Attributes
    ----------
    clips : DataFrame
        Good rows, one a `yt_reel_id` (of several the last), columns `CLIP_FIELDS`.
    rejected : DataFrame
        Columns source, line, id, reason; earlier rows of a repeated id are here, too.
    mended : dict
        Column name → number of its cells that were no numbers and count as missing.
    """

    clips: pd.DataFrame
    rejected: pd.DataFrame
    mended: dict[str, int]


@dataclass(frozen=True)
class TableFile:
    """A file that can be read as often as one likes, and what its user calls it."""

    path: Path
    name: str


@contextmanager
def readable_again(source: str | Path) -> Iterator[TableFile]:
    """Yield a file with what `source` holds; standard input and pipes, which can be read once, are copied to the disk.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    name = "standard input" if source == "-" else str(source)
    path = Path(source)
    if source != "-" and (path.is_file() or path.is_dir() or not path.exists()):
        yield TableFile(path, name)
        return
    with tempfile.NamedTemporaryFile(prefix="smf-embed-") as copy:
        try:
            if source == "-":
                shutil.copyfileobj(sys.stdin.buffer, copy)
            else:
                with open(path, "rb") as stream:
                    shutil.copyfileobj(stream, copy)
            copy.flush()
        except OSError as error:
            raise InputError(f"{name}: cannot be read: {error.strerror}") from error
        yield TableFile(Path(copy.name), name)


def read_clips(source: str | Path | TableFile | pd.DataFrame, columns: Mapping[str, str] | None = None) -> ClipTable:
    """Read a whole table of clips.

    Parameters
    ----------
    source : path, TableFile or DataFrame
        A CSV or Parquet file, `-` for standard input, or a frame in the studio's columns.
    columns : mapping, optional
        Our column name → the table's, for those that are named otherwise: `{"reel_name": "title"}`.

    Returns
    -------
    ClipTable

    Raises
    ------
    InputError
        No such file, an empty one, no id column, neither a title nor a text column.
    """
    last: dict[str, dict[str, Any]] = {}
    lines: dict[str, int] = {}
    rejected: list[RejectedRow] = []
    mended: Counter[str] = Counter()
    for batch in iter_clips(source, columns):
        rejected += batch.rejected
        mended += batch.mended
        for clip in batch.clips:
            if clip[ID] in last:
                reason = repeated_id_reason(clip["line"])
                rejected.append(RejectedRow(batch.source, lines[clip[ID]], clip[ID], reason))
                del last[clip[ID]]  # so that the clip takes the place of its last row
            lines[clip[ID]] = clip["line"]
            last[clip[ID]] = clip
    clips = pd.DataFrame([*last.values()], columns=list(CLIP_FIELDS))
    report = pd.DataFrame([vars(row) for row in rejected], columns=["source", "line", "id", "reason"])
    return ClipTable(clips, report, dict(mended))


def iter_clips(
    source: str | Path | TableFile | pd.DataFrame,
    columns: Mapping[str, str] | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Iterator[ClipBatch]:
    """Read a table of clips in batches, so that it may be larger than memory.

    Parameters and errors are those of `read_clips`. Repeated ids are not looked for. Each clip has a key `line`
    besides `CLIP_FIELDS`: its line in the CSV file, or its row number in other tables, counted from 1.

    Yields
    ------
    ClipBatch
    """
    renamed = check_mapping(columns or {})
    if isinstance(source, pd.DataFrame):
        yield from _read_frames("table", iter([source]), len(source), renamed, batch_rows)
        return
    with ExitStack() as opened:
        table = source if isinstance(source, TableFile) else opened.enter_context(readable_again(source))
        path, name = table.path, table.name
        if not path.exists():
            raise InputError(f"{name}: no such file")
        if path.is_dir():
            raise InputError(f"{name}: is a folder; name a CSV or Parquet file in it")
        try:
            stream: IO[bytes] = opened.enter_context(open(path, "rb"))
        except OSError as error:
            raise InputError(f"{name}: cannot be read: {error.strerror}") from error
        size = path.stat().st_size
        if size == 0:
            raise InputError(f"{name}: the file is empty")
        magic = stream.read(4)
        stream.seek(0)
        if magic == b"PAR1":
            yield from _read_parquet(name, stream, renamed, batch_rows)
        else:
            with _as_text(stream) as text:
                yield from _read_csv(name, stream, text, size, renamed, batch_rows)


def check_mapping(columns: Mapping[str, str]) -> dict[str, str]:
    """Return a mapping of our column name → the table's, and see that all of ours are names of columns.

    Raises
    ------
    InputError
        One is not.
    """
    for ours in columns:
        if ours not in COLUMNS:
            raise InputError(f"column mapping: {ours!r} is no column of the clip table; those are {', '.join(COLUMNS)}")
    return dict(columns)


def _check_header(name: str, header: Iterable[str], renamed: Mapping[str, str]) -> dict[str, str]:
    """Return our column name → the table's, for the columns that the table has."""
    there = [str(column) for column in header]
    shown = ", ".join(there)[:500]
    for ours, theirs in renamed.items():
        if theirs not in there:
            raise InputError(f"{name}: has no column {theirs!r} for {ours}; its columns are {shown}")
    found = {ours: renamed.get(ours, ours) for ours in COLUMNS if renamed.get(ours, ours) in there}
    for theirs in found.values():
        if there.count(theirs) > 1:
            raise InputError(f"{name}: has {there.count(theirs)} columns {theirs!r}; one must be left")
    if ID not in found:
        raise InputError(
            f"{name}: has no column {ID}; its columns are {shown}. Name the one with the ids: --column {ID}=NAME"
        )
    if TITLE not in found and TEXT not in found:
        raise InputError(
            f"{name}: has neither {TITLE} nor {TEXT}; its columns are {shown}. "
            f"Name the one with the titles: --column {TITLE}=NAME"
        )
    return found


def _as_text(stream: IO[bytes]) -> io.TextIOWrapper:
    start = stream.read(1 << 16)
    stream.seek(0)
    utf16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    return io.TextIOWrapper(
        stream,
        encoding="utf-16" if utf16 else "utf-8-sig",
        # bytes that are no UTF-8 become lone surrogates here, so that only the rows they stand in are rejected
        errors="surrogateescape" if not utf16 else "replace",
        newline="\n" if b"\n" in start else "",
    )


def _read_csv(
    name: str, stream: IO[bytes], text: io.TextIOWrapper, size: int, renamed: Mapping[str, str], batch_rows: int
) -> Iterator[ClipBatch]:
    # a carriage return that ends no line is part of a text, though the csv module takes it for an end of line
    lines = (line.rstrip("\r\n").replace("\r", " ") + "\n" for line in text)
    csv.field_size_limit(2**31 - 1)
    header_line = next(lines, "")
    if not header_line.strip():
        raise InputError(f"{name}: the first line is empty; it must name the columns")
    if "\0" in header_line:
        raise InputError(f"{name}: is neither a CSV nor a Parquet file")
    delimiter = max(",;\t|", key=header_line.count)
    # a quotation mark that is never closed takes in all that follows: the last row then ends with this mark
    end = "\0end of table\n"
    reader = csv.reader(itertools.chain(lines, [end]), delimiter=delimiter)
    header = [column.strip() for column in next(csv.reader([header_line], delimiter=delimiter))]
    found = _check_header(name, header, renamed)
    places = {ours: header.index(theirs) for ours, theirs in found.items()}
    batch = ClipBatch(name)
    n_rows = 0
    begins = 2  # the line in which the row begins; line 1 is the header
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            batch.rejected.append(RejectedRow(name, begins, "", f"broken CSV: {error}"))
            n_rows += 1
            begins = reader.line_num + 2
            continue
        if row is None or row == [end[:-1]]:
            break
        if row and any(row):
            n_rows += 1
            if row[-1].endswith(end):
                reason = f"a quotation mark is not closed; lines {begins} to {reader.line_num} went into this row"
                batch.rejected.append(RejectedRow(name, begins, _field(row, places[ID]), reason))
            elif len(row) < len(header) and len(row) <= max(places.values()):
                reason = f"{len(row)} fields where the header has {len(header)}"
                batch.rejected.append(RejectedRow(name, begins, _field(row, places[ID]), reason))
            elif len(row) > len(header):
                reason = f"{len(row)} fields where the header has {len(header)}; is a text with {delimiter!r} unquoted?"
                batch.rejected.append(RejectedRow(name, begins, _field(row, places[ID]), reason))
            else:
                take_row(batch, name, begins, {ours: row[place] for ours, place in places.items()})
        begins = reader.line_num + 2
        if len(batch) >= batch_rows:
            batch.progress = min(1.0, stream.tell() / size)
            yield batch
            batch = ClipBatch(name)
    if n_rows == 0:
        raise NoRowsError(f"{name}: the table has no rows")
    batch.progress = 1.0
    yield batch


def _field(row: list[str], place: int) -> str:
    return row[place][:MAX_ID].encode("utf-8", "replace").decode() if place < len(row) else ""


def _read_parquet(name: str, stream: IO[bytes], renamed: Mapping[str, str], batch_rows: int) -> Iterator[ClipBatch]:
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(stream)
        found = _check_header(name, file.schema_arrow.names, renamed)
        frames = map(_to_frame, file.iter_batches(batch_rows, columns=sorted(set(found.values()))))
        yield from _read_frames(name, frames, file.metadata.num_rows, renamed, batch_rows)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{name}: the Parquet file is damaged: {str(error).splitlines()[0]}") from error


def _to_frame(part: Any) -> pd.DataFrame:
    import pyarrow

    try:
        part.validate(full=True)
    except pyarrow.ArrowException:
        # a text that is no UTF-8: hand on bytes, so that its row alone is rejected
        part = pyarrow.RecordBatch.from_arrays(list(map(_as_bytes, part.columns)), names=part.schema.names)
    return part.to_pandas()


def _as_bytes(column: Any) -> Any:
    """Return texts as bytes, other columns as they are."""
    import pyarrow

    if pyarrow.types.is_large_string(column.type):
        return column.cast(pyarrow.large_binary())
    return column.cast(pyarrow.binary()) if pyarrow.types.is_string(column.type) else column


def _read_frames(
    name: str, frames: Iterator[pd.DataFrame], total: int, renamed: Mapping[str, str], batch_rows: int
) -> Iterator[ClipBatch]:
    line = 0
    for whole in frames:
        found = _check_header(name, whole.columns, renamed)
        for start in range(0, len(whole), batch_rows):
            part = whole.iloc[start : start + batch_rows]
            batch = ClipBatch(name)
            cells = [part[theirs].tolist() for theirs in found.values()]
            for values in zip(*cells, strict=True):
                line += 1
                take_row(batch, name, line, dict(zip(found, values, strict=True)))
            batch.progress = line / total
            yield batch
    if line == 0:
        raise NoRowsError(f"{name}: the table has no rows")
