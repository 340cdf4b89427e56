"""The clip table: its columns, and reading it from CSV and Parquet with every bad row accounted for.

A bad row never stops a table: it is left out, with its line and the reason, and the rest goes on. A cell of a numeric
column that is no number is taken as missing and counted.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import math
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pandas as pd

from smf_embed.errors import InputError

ID = "yt_reel_id"
TITLE = "reel_name"
TEXT = "text"
SUBTITLES = "subtitles"
LABEL = "cartoon"
NONE = "none"
"""The project of clips that belong to no tracked project; a label like any other."""

TEXT_COLUMNS = (
    "date", TITLE, ID, LABEL, "url", TEXT, "broadcast",
    "yt_channel_id", "yt_channel_name", "yt_ch_url", "yt_channel_type", "language", SUBTITLES,
)  # fmt: skip
NUMBER_COLUMNS = ("seconds", "is_shorts", "flag_closed", "international")
COLUMNS = TEXT_COLUMNS + NUMBER_COLUMNS

#: What a clip is made of once read: `text` has become `description`, a missing value is None.
CLIP_FIELDS = tuple("description" if name == TEXT else name for name in COLUMNS)

MAX_TITLE = 10_000
MAX_TEXT = 1_000_000
MAX_ID = 128
BATCH_ROWS = 4096

_BLANK = frozenset(("", "nan", "NaN", "NAN", "<NA>", "None", "NULL", "null"))
_BLANK_BUT_NONE = _BLANK - {"None"}
_BAD_ID = re.compile(r"[\s\x00-\x1f\x7f]")
_BOOLEANS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}


@dataclass(frozen=True)
class RejectedRow:
    """A row that was left out: where it stands and why."""

    source: str
    line: int
    id: str
    reason: str


@dataclass
class ClipBatch:
    """Some rows of a table, in its order.

    Attributes
    ----------
    source : str
        Name of the table.
    clips : list of dict
        One dict for each good row, with the keys `CLIP_FIELDS`; texts are str or None, numbers float or None.
    rejected : list of RejectedRow
    mended : Counter
        Column name → number of its cells that were no numbers and count as missing.
    progress : float
        The share of the table that has been read by now, 0 to 1.
    """

    source: str = "table"
    clips: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    mended: Counter[str] = field(default_factory=Counter)
    progress: float = 0.0

    def __len__(self) -> int:
        return len(self.clips) + len(self.rejected)


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


def read_clips(source: str | Path | pd.DataFrame, columns: Mapping[str, str] | None = None) -> ClipTable:
    """Read a whole table of clips.

    Parameters
    ----------
    source : path or DataFrame
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


def repeated_id_reason(line: int) -> str:
    """Say that a row was left out because its id comes again."""
    return f"the id comes again in line {line}; the last row counts"


def iter_clips(
    source: str | Path | pd.DataFrame, columns: Mapping[str, str] | None = None, batch_rows: int = BATCH_ROWS
) -> Iterator[ClipBatch]:
    """Read a table of clips in batches, so that it may be larger than memory.

    Parameters and errors are those of `read_clips`. Repeated ids are not looked for. Each clip has a key `line`
    besides `CLIP_FIELDS`: its line in the CSV file, or its row number in other tables, counted from 1.

    Yields
    ------
    ClipBatch
    """
    renamed = _check_mapping(columns or {})
    if isinstance(source, pd.DataFrame):
        yield from _read_frames("table", iter([source]), len(source), renamed, batch_rows)
        return
    name = str(source)
    if name == "-":
        stream: IO[bytes] = io.BytesIO(sys.stdin.buffer.read())
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        name = "standard input"
    else:
        path = Path(source)
        if not path.exists():
            raise InputError(f"{path}: no such file")
        if path.is_dir():
            raise InputError(f"{path}: is a folder; name a CSV or Parquet file in it")
        try:
            stream, size = open(path, "rb"), path.stat().st_size  # noqa: SIM115 (closed below)
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    with stream:
        if size == 0:
            raise InputError(f"{name}: the file is empty")
        magic = stream.read(4)
        stream.seek(0)
        if magic == b"PAR1":
            yield from _read_parquet(name, stream, renamed, batch_rows)
        else:
            with _as_text(stream) as text:
                yield from _read_csv(name, stream, text, size, renamed, batch_rows)


def _check_mapping(columns: Mapping[str, str]) -> dict[str, str]:
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
                _take(batch, name, begins, {ours: row[place] for ours, place in places.items()})
        begins = reader.line_num + 2
        if len(batch) >= batch_rows:
            batch.progress = min(1.0, stream.tell() / size)
            yield batch
            batch = ClipBatch(name)
    if n_rows == 0:
        raise InputError(f"{name}: the table has no rows")
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
        columns = [
            column.cast(pyarrow.binary()) if pyarrow.types.is_string(column.type) else column for column in part.columns
        ]
        part = pyarrow.RecordBatch.from_arrays(columns, names=part.schema.names)
    return part.to_pandas()


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
                _take(batch, name, line, dict(zip(found, values, strict=True)))
            batch.progress = line / total
            yield batch
    if line == 0:
        raise InputError(f"{name}: the table has no rows")


def _take(batch: ClipBatch, name: str, line: int, cells: dict[str, Any]) -> None:
    """Put one row into the batch, as a clip or as a rejected row."""
    clip: dict[str, Any] = dict.fromkeys(CLIP_FIELDS)
    texts = {column: _text(cells[column], column) for column in TEXT_COLUMNS if column in cells}
    identifier = texts[ID] or ""
    reason = _reason_to_reject(identifier, texts)
    if reason:
        shown = identifier[:MAX_ID].encode("utf-8", "replace").decode()
        batch.rejected.append(RejectedRow(name, line, shown, reason))
        return
    title, description = split_text(texts.get(TITLE), texts.pop(TEXT, None))
    clip.update(texts)
    clip[TITLE], clip["description"] = title, description
    if clip[LABEL] is not None and clip[LABEL].casefold() == NONE:
        clip[LABEL] = NONE
    for column in NUMBER_COLUMNS:
        if column in cells:
            clip[column], good = _number(cells[column])
            if not good:
                batch.mended[column] += 1
    clip["line"] = line
    batch.clips.append(clip)


def _reason_to_reject(identifier: str, texts: Mapping[str, str | None]) -> str:
    if not identifier:
        return f"no {ID}"
    for column, text in texts.items():
        if text is not None and not text.isascii():
            try:
                text.encode("utf-8")
            except UnicodeEncodeError:
                return f"{column} is not valid UTF-8"
    if len(identifier) > MAX_ID:
        return f"{ID} has {len(identifier):,} characters; at most {MAX_ID} are taken"
    if _BAD_ID.search(identifier):
        return f"{ID} has white space or control characters in it"
    for column, text in texts.items():
        limit = MAX_TEXT if column in (TEXT, SUBTITLES) else MAX_TITLE
        if text is not None and len(text) > limit:
            return f"{column} has {len(text):,} characters; at most {limit:,} are taken"
    return ""


def _text(value: Any, column: str) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, str):
        text = value.strip()
        # a title may well be «None»; as a label it is the class `none`
        return None if text in (_BLANK_BUT_NONE if column in (LABEL, TITLE, TEXT) else _BLANK) else text
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a column of numbers with gaps, as pandas reads it
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    return str(value).strip() or None


def _number(value: Any) -> tuple[float | None, bool]:
    """Return the number or None, and whether the cell was a number or honestly empty."""
    if isinstance(value, str):
        value = value.strip()
        if value in _BLANK:
            return None, True
        if value.lower() in _BOOLEANS:
            return _BOOLEANS[value.lower()], True
    elif value is None or value is pd.NA or value is pd.NaT:
        return None, True
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None, False
    if math.isnan(number):
        return None, True
    return (number, True) if math.isfinite(number) and number >= 0 else (None, False)


def split_text(title: str | None, text: str | None) -> tuple[str | None, str | None]:
    """Split the studio's `text`, the title in square brackets and then the description.

    Parameters
    ----------
    title : str or None
        The clip's own title; where it is missing, the one in the brackets is taken.
    text : str or None

    Returns
    -------
    title, description : str or None
        A text that does not begin with a bracket, or whose bracket does not close where a title could end, is all
        description.

    Examples
    --------
    >>> split_text(None, "[Буба [4K]] Новая серия")
    ('Буба [4K]', 'Новая серия')
    """
    if text is None or not text.startswith("["):
        return title, text
    if title is not None and text.startswith(f"[{title}]"):
        return title, text[len(title) + 2 :].strip() or None
    depth = 0
    for position, character in enumerate(text[: MAX_TITLE + 2]):
        depth += (character == "[") - (character == "]")
        if depth == 0:
            return title or text[1:position].strip() or None, text[position + 1 :].strip() or None
    if len(text) > MAX_TITLE:
        return title, text
    # the snippet was cut inside the brackets: there is no description in it
    return (title, None) if title is not None else (text[1:].strip() or None, None)
