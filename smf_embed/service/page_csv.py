"""Tables to download, which spreadsheet programs may open without harm."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

from starlette.responses import StreamingResponse

from smf_embed.service.page_frame import HEADERS

# a cell that begins so is a formula to spreadsheet programs
_FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
# ids may begin with a hyphen, and must stay as they are; so short a word without brackets calls nothing
_HARMLESS = re.compile(r"[A-Za-z0-9_-]{11}")


def guarded(cell: Any) -> Any:
    """Return a cell as it may stand in a table: an apostrophe before what would be taken for a formula.

    Examples
    --------
    >>> guarded('=HYPERLINK("x")')
    '\\'=HYPERLINK("x")'
    >>> guarded("-abcdefghij")
    '-abcdefghij'
    """
    if not isinstance(cell, str) or _HARMLESS.fullmatch(cell) or not _FORMULA.match(cell):
        return cell
    return f"'{cell}"


def csv_file(rows: Iterable[list[Any]], name: str) -> StreamingResponse:
    """Return a table as a download.

    Parameters
    ----------
    rows : iterable of list
        The header first.
    name : str
        What the file is called.
    """

    def pieces() -> Iterator[str]:
        yield "\N{BYTE ORDER MARK}"  # without it spreadsheet programs take the letters for Latin ones
        for row in rows:
            line = io.StringIO()
            csv.writer(line).writerow([guarded(cell) for cell in row])
            yield line.getvalue()

    headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces(), media_type="text/csv; charset=utf-8", headers=headers)
