"""The clip table: its columns, and what makes a row a clip.

A bad row never stops a table: it is left out, with its line and the reason, and the rest goes on. A cell of a numeric
column that is no number is taken as missing and counted.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

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
#: Field of the decision → key of the clip that holds its raw text.
TEXT_FIELDS = {"title": TITLE, "description": "description", "subtitles": SUBTITLES}
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


def repeated_id_reason(line: int) -> str:
    """Say that a row was left out because its id comes again."""
    return f"the id comes again in line {line}; the last row counts"


def take_row(batch: ClipBatch, name: str, line: int, cells: dict[str, Any]) -> None:
    """Put one row into the batch, as a clip or as a rejected row."""
    clip: dict[str, Any] = dict.fromkeys(CLIP_FIELDS)
    texts: dict[str, str | None] = {}
    try:
        for column in (ID, *TEXT_COLUMNS):  # the id first, which a rejected row is told by
            if column in cells:
                texts[column] = _text(cells[column], column)
        reason = _reason_to_reject(texts[ID] or "", texts)
    except _NoTextError as error:
        reason = str(error)
    identifier = texts.get(ID) or ""
    if reason:
        shown = identifier[:MAX_ID].encode("utf-8", "replace").decode()
        batch.rejected.append(RejectedRow(name, line, shown, reason))
        return
    text = texts.pop(TEXT, None)
    title, description = split_text(texts.get(TITLE), text)
    clip.update(texts)
    clip[TITLE], clip["description"] = title, description
    if clip[LABEL] is not None and clip[LABEL].casefold() == NONE:
        clip[LABEL] = NONE
    for column in NUMBER_COLUMNS:
        if column in cells:
            clip[column], good = read_number(cells[column])
            if not good:
                batch.mended[column] += 1
    clip["line"] = line
    given = given_fields(cells)
    # a text without a title says nothing of the title; an empty cell clears both
    is_told = TITLE in cells or clip[TITLE] is not None or text is None
    clip["given"] = given if is_told else given - {TITLE}
    batch.clips.append(clip)


@functools.lru_cache(maxsize=64)
def _given(columns: tuple[str, ...]) -> frozenset[str]:
    fields = {"description" if column == TEXT else column for column in columns}
    # the title may stand in the text
    return frozenset(fields | ({TITLE} if TEXT in columns else set()))


def given_fields(columns: Iterable[str]) -> frozenset[str]:
    """Return the fields of a clip that a table with these columns tells; the others it says nothing about."""
    return _given(tuple(columns))


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
        if column == LABEL:
            text = " ".join(text.split())  # a project has one name, however it is spaced
        # a title may well be «None»; as a label it is the class `none`
        return None if text in (_BLANK_BUT_NONE if column in (LABEL, TITLE, TEXT) else _BLANK) else text
    if value is None or _is_pandas_missing(value) or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a column of numbers with gaps, as pandas reads it
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    if isinstance(value, Iterable):  # what Parquet, JSON and databases may hold
        raise _NoTextError(f"{column} is of type {type(value).__name__}, where a text belongs")
    return str(value).strip() or None


class _NoTextError(ValueError):
    """A cell that holds several values."""


def _is_pandas_missing(value: Any) -> bool:
    # by their names, since what reads no table need not import pandas
    return type(value).__name__ in ("NaTType", "NAType")


def read_number(value: Any) -> tuple[float | None, bool]:
    """Return the number of a cell, finite and not negative, or None; and whether it was one or honestly empty."""
    if isinstance(value, str):
        value = value.strip()
        if value in _BLANK:
            return None, True
        if value.lower() in _BOOLEANS:
            return _BOOLEANS[value.lower()], True
    elif value is None or _is_pandas_missing(value):
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
