"""Tables for people: CSV that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_LINES = 1_000
# what a spreadsheet takes for the begin of a formula, also after white space
_FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
# ids may begin with a hyphen, and must stay as they are; so short a word without brackets calls nothing
_HARMLESS = re.compile(r"[A-Za-z0-9_-]{11}")


def guarded(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe before what would be taken for one.

    Examples
    --------
    >>> guarded("=1+1"), guarded("-abcdefghij"), guarded(-1)
    ("'=1+1", '-abcdefghij', -1)
    """
    if not isinstance(cell, str) or _HARMLESS.fullmatch(cell) or not _FORMULA.match(cell):
        return cell
    return f"'{cell}"


def unguarded(cell: Any) -> Any:
    """Return the cell that `guarded` was given, if that did not begin with an apostrophe before a formula.

    Examples
    --------
    >>> unguarded("'=1+1"), unguarded("'twas")
    ('=1+1', "'twas")
    """
    return cell[1:] if isinstance(cell, str) and cell.startswith("'") and guarded(cell[1:]) == cell else cell


def csv_lines(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield a table as CSV in pieces; a text that a spreadsheet would take for a formula is kept from being one."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for number, row in enumerate(rows, start=1):
        writer.writerow([guarded(row[name]) for name in columns])
        if number % _LINES == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()
