"""One writer at a time: a lock that the system takes back when its holder dies, and a note of who holds it."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import filelock
import psutil

from smf_embed.errors import CatalogueError

FILE_NAME = "writer.lock"


@dataclass(frozen=True)
class Holder:
    """Who writes, or was the last to write.

    Attributes
    ----------
    pid : int
    started : float
        When the process started, in seconds since 1970: a number of a dead process may be given to another.
    command : str
        What it does.
    since : str
        When it took the lock, ISO 8601 with the zone.
    """

    pid: int
    started: float
    command: str
    since: str

    def is_alive(self) -> bool:
        """Tell whether the process that took the lock is still there."""
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) < 1.0
        except psutil.Error:
            return False

    def __str__(self) -> str:
        return f"process {self.pid} (smf-embed {self.command}, since {self.since})"


class WriteLock:
    """The lock of a catalogue's folder.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = filelock.FileLock(folder / FILE_NAME, timeout=0)
        self._file: tuple[int, int] | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._lock.is_locked

    def acquire(self, command: str) -> None:
        """Take the lock at once, also over from a holder that died.

        Raises
        ------
        CatalogueError
            When another writer holds it, naming that one, or the folder cannot be written.
        """
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise CatalogueError(
                f"{self._folder}: is being written by {holder(self._folder) or 'another process'}; "
                f"try again when it is done"
            ) from None
        except OSError as error:
            raise CatalogueError(f"{self._folder}: cannot be written: {error.strerror or error}") from error
        self._file = self._there()
        me = Holder(os.getpid(), psutil.Process().create_time(), command, _now())
        with suppress(OSError):  # the note is for others; a full disk is told by the write that follows
            (self._folder / FILE_NAME).write_text(json.dumps(vars(me)), encoding="utf-8")

    def check(self) -> None:
        """See that the lock still keeps others out.

        Raises
        ------
        CatalogueError
            When its file was removed or replaced, so that another may have taken a new one.
        """
        if self._there() != self._file:
            raise CatalogueError(
                f"{self._folder / FILE_NAME}: was removed while it was in use, so that another may be writing now; "
                f"what was reported as done is kept, and the same command does the rest"
            )

    def release(self) -> None:
        """Give the lock back."""
        if self._there() == self._file:  # else it is another's note
            with suppress(OSError):
                (self._folder / FILE_NAME).write_text("", encoding="utf-8")
        self._lock.release()

    @contextmanager
    def taken(self, command: str) -> Iterator[None]:
        """Hold the lock in the body; see `acquire`."""
        self.acquire(command)
        try:
            yield
        finally:
            self.release()

    def _there(self) -> tuple[int, int] | None:
        try:
            stat = (self._folder / FILE_NAME).stat()
        except OSError:
            return None
        return stat.st_dev, stat.st_ino


def holder(folder: Path) -> Holder | None:
    """Return the process that holds the lock of a folder; None where nobody does or the note cannot be read."""
    try:
        noted = Holder(**json.loads((folder / FILE_NAME).read_text(encoding="utf-8")))
        return noted if noted.is_alive() else None
    except (OSError, ValueError, TypeError):
        return None


def _now() -> str:
    return dt.datetime.now().astimezone().isoformat(timespec="seconds")
