"""The one thread that writes: what is asked of it is done one after the other, and an import lets the others pass."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from smf_embed.adding import AddReport
from smf_embed.clips import ClipBatch
from smf_embed.neighbours import refresh_snapshots
from smf_embed.service.opening import OpenCatalogue
from smf_embed.service.waiting import Busy, Workers, wait_for
from smf_embed.write_lock import holder

Result = TypeVar("Result")

_LOOK_SECONDS = 0.1
# rejected rows that a report lists
_SHOWN = 100


class Writer:
    """The writer of a desk.

    Parameters
    ----------
    folder : Path
        Of the catalogue.
    open_one : callable
        Opens the catalogue.
    depth : int
        How many writes may wait.
    patience : float
        Seconds to wait for another program that writes.
    """

    def __init__(self, folder: Path, open_one: Callable[[], OpenCatalogue], depth: int, patience: float) -> None:
        self._folder = folder
        self._patience = patience
        self._thread: Workers[OpenCatalogue] = Workers("writer", 1, open_one, depth)

    @property
    def waiting(self) -> int:
        """How many writes wait now."""
        return self._thread.waiting

    def submit(self, change: Callable[[OpenCatalogue], Result], person: str | None = None) -> Future[Result]:
        """Have a change made, in the name of a person.

        Raises
        ------
        Busy
            When too many wait already; the future raises it when another program does not end writing.
        """
        return self._thread.submit(lambda catalogue: self._change(catalogue, change, person))

    def run(
        self, change: Callable[[OpenCatalogue], Result], person: str | None = None, seconds: float | None = None
    ) -> Result:
        """Make a change and return its result when it is on the disk."""
        return wait_for(self.submit(change, person), seconds or self._patience, "writing")

    def let_pass(self, catalogue: OpenCatalogue) -> None:
        """Make the changes that wait, in the middle of a long one that has no transaction open."""
        person = catalogue.person
        self._thread.run_waiting(catalogue)
        catalogue.person = person

    def close(self) -> None:
        """Make the changes that wait, and end the thread."""
        self._thread.close()

    def _change(
        self, catalogue: OpenCatalogue, change: Callable[[OpenCatalogue], Result], person: str | None
    ) -> Result:
        until = time.monotonic() + self._patience
        while (other := holder(self._folder)) is not None and other.pid != os.getpid():
            if time.monotonic() > until:
                raise Busy(f"another program writes now (smf-embed {other.command}); try again when it is done", 10)
            time.sleep(_LOOK_SECONDS)
        with catalogue.reading():
            pass  # follow what another program has changed of the whole, such as the encoder
        catalogue.person = person
        return change(catalogue)


def add_in_pieces(
    writer: Writer,
    catalogue: OpenCatalogue,
    batches: Iterable[ClipBatch],
    progress: Callable[[float, dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Add batches of clips; other changes are made between them."""

    def passing() -> Iterator[ClipBatch]:
        for batch in batches:
            writer.let_pass(catalogue)
            yield batch

    def told(batch: ClipBatch, report: AddReport) -> None:
        if progress:
            progress(batch.progress, as_report(report))

    report = catalogue.add(passing(), told)
    refresh_snapshots(catalogue)
    return as_report(report, most=None)


def as_report(report: AddReport, most: int | None = _SHOWN) -> dict[str, Any]:
    """Return what an `add` did as plain data, with so many of the rejected rows, or all of them."""
    rows = [{"line": row.line, "yt_reel_id": row.id, "reason": row.reason} for row in report.rejected[:most]]
    return {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": len(report.rejected),
        "labels": report.labelled,
        "texts_encoded": report.encoded_texts,
        "seconds": round(report.seconds, 3),
        "rejected_rows": rows,
        "mended": dict(report.mended),
    }
