"""The queue of clips to look at, worked out when it is first asked for and again when the model has changed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from smf_embed.audit import to_review
from smf_embed.classifier import Classifier
from smf_embed.clips import ID, LABEL, TITLE
from smf_embed.errors import SmfEmbedError
from smf_embed.service.opening import OpenCatalogue

logger = logging.getLogger("smf_embed.service")

_SECONDS_AFTER_ERROR = 60.0
# all unlabelled clips are decided for it: at most this share of the time goes into that
_SHARE = 0.1
# how many are kept ready; when less than this share is left, it is worked out again
_READY = 300
_LOW = 0.3


class ReviewQueue:
    """A queue and the thread that works it out.

    Parameters
    ----------
    open_one : callable
        Opens the catalogue.
    model : callable
        Returns the model that decides now.

    Attributes
    ----------
    ready : threading.Event
        Set once it has been worked out.
    """

    def __init__(self, open_one: Callable[[], OpenCatalogue], model: Callable[[], Classifier | None]) -> None:
        self._open = open_one
        self._model = model
        self._rows: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._look = threading.Event()
        self._wanted = False
        self._end = threading.Event()
        self._is_outdated = True
        self._has_more = False  # than are kept ready
        self._labelled: set[str] = set()
        self.ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="review", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._end.set()
        self._look.set()
        self._thread.join()

    def first(self, most: int, project: str | None = None) -> list[dict[str, Any]]:
        """Return the first clips of the queue."""
        with self._lock:
            if not self._wanted:
                self._wanted = True
                self._look.set()
            rows = [row for row in self._rows if project is None or row["candidate"] == project]
            return [dict(row) for row in rows[:most]]

    def labelled(self, ids: list[str]) -> None:
        """Take out what has a label now."""
        with self._lock:
            gone = set(ids)
            self._labelled |= gone  # also of a queue that is being worked out
            self._rows = [row for row in self._rows if row[ID] not in gone]
            few = self._has_more and len(self._rows) < _LOW * _READY
        if few:
            self.outdated()

    def unlabelled(self, ids: list[str]) -> None:
        """Let clips in again whose label was taken back."""
        with self._lock:
            self._labelled -= set(ids)
        self.outdated()

    def outdated(self) -> None:
        """Work it out again: another model decides now, or clips have come."""
        self._is_outdated = True
        self._look.set()

    def _run(self) -> None:
        catalogue: OpenCatalogue | None = None
        try:
            while not self._end.is_set():
                self._look.wait()
                self._look.clear()
                model = self._model()
                if not (self._wanted and self._is_outdated) or model is None or self._end.is_set():
                    continue
                try:
                    if catalogue is None:
                        catalogue = self._open()
                    started = time.monotonic()
                    self._work(catalogue, model)
                    self._end.wait((time.monotonic() - started) / _SHARE)
                except Exception as error:
                    if isinstance(error, SmfEmbedError):
                        logger.warning("the review queue stays as it is: %s", error)
                    else:
                        logger.exception("the review queue stays as it is")
                    self._end.wait(_SECONDS_AFTER_ERROR)
                    self.outdated()
        finally:
            if catalogue is not None:
                catalogue.close()

    def _work(self, catalogue: OpenCatalogue, model: Classifier) -> None:
        with self._lock:
            self._is_outdated = False
            self._labelled.clear()
        with catalogue.reading():
            rows = list(to_review(catalogue, model, _READY))
            clips = catalogue.stored([row[ID] for row in rows])
            decided = dict(zip(clips.ids, model.predict(clips)[LABEL], strict=True)) if rows else {}
            found = [_row(row, decided[row[ID]]) for row in rows]
        with self._lock:
            self._rows = [row for row in found if row[ID] not in self._labelled]
            self._has_more = len(rows) == _READY
        self.ready.set()


def _row(row: dict[str, Any], project: str) -> dict[str, Any]:
    return {
        ID: row[ID],
        "title": row[TITLE] or None,
        "channel": row["yt_channel_name"] or None,
        "project": project,
        "candidate": row["group"],
        "doubt": row["score"],
        "why": row["reason"],
    }
