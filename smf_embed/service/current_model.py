"""The model that decides now: loaded again in the background after a fit, a lesson or new labels, then swapped in."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from smf_embed.classifier import MODEL_FOLDER, Classifier
from smf_embed.errors import ModelError, SmfEmbedError
from smf_embed.service.opening import Encoders, OpenCatalogue
from smf_embed.service.waiting import Late

logger = logging.getLogger("smf_embed.service")

_LOOK_SECONDS = 0.5
# labels alone are not worth loading the model all the time; at most this share of the time goes into it
_SHARE = 0.2
_SECONDS_AFTER_ERROR = 60.0


class CurrentModel:
    """Watches the model of a catalogue from a thread of its own.

    Parameters
    ----------
    folder : Path
        Of the catalogue.
    encoders : Encoders
    changed : callable
        Called in the thread after a swap for another model, not for new labels alone.
    """

    def __init__(
        self,
        folder: Path,
        encoders: Encoders,
        changed: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._encoders = encoders
        self._changed = changed
        self._model: Classifier | None = None
        self._error = "the model is being loaded; try again in a moment"
        self._loaded: tuple[tuple[int, int] | str | None, int] = ("never", -1)
        self._first = threading.Event()
        self._look = threading.Event()
        self._swapped = threading.Condition()
        self._ended = False
        self.swaps = 0
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    @property
    def model(self) -> Classifier | None:
        """The model; None while there is none."""
        return self._model

    @property
    def generation(self) -> int:
        """The generation of the catalogue whose labels the model counts; -1 while there is none."""
        return self._loaded[1] if self._model is not None else -1

    def get(self, seconds: float = 30.0) -> Classifier:
        """Return the model, after waiting for the first one to be loaded.

        Raises
        ------
        ModelError
            There is none, or it cannot be used; the message says what to do.
        """
        self._first.wait(seconds)
        model = self._model
        if model is None:
            raise ModelError(self._error)
        return model

    def look(self) -> None:
        """Look for a change now."""
        self._look.set()

    def reload(self, seconds: float) -> None:
        """Wait until the model that is on the disk now decides.

        Raises
        ------
        Late
            When that takes longer.
        """
        wanted, until = self._manifest(), time.monotonic() + seconds
        self.look()
        with self._swapped:
            # a newer one may take the place of the wanted one meanwhile
            while self._loaded[0] != wanted and self._loaded[0] != self._manifest():
                if not self._swapped.wait(until - time.monotonic()):
                    raise Late("the model is still being loaded; what was taught is stored")

    def close(self) -> None:
        """End the thread."""
        self._ended = True
        self._look.set()
        self._thread.join()

    def _run(self) -> None:
        catalogue: OpenCatalogue | None = None
        not_before = again = 0.0
        failed: tuple[tuple[int, int] | None, int] | None = None
        try:
            while not self._ended:
                started = time.monotonic()
                try:
                    if catalogue is None:
                        catalogue = OpenCatalogue(self._folder, self._encoders)
                    now = self._manifest(), catalogue.generation
                    is_new = now[0] != self._loaded[0]
                    has_changed = self._model is not None and now != self._loaded and started >= not_before
                    # what could not be loaded is tried again when it is another, or after a while
                    if (is_new or has_changed) and (now != failed or started >= again):
                        failed, again = now, started + _SECONDS_AFTER_ERROR
                        self._load(catalogue, now)
                        failed = None
                        not_before = time.monotonic() + (time.monotonic() - started) / _SHARE
                        if is_new:
                            self._changed()
                except SmfEmbedError as error:
                    if self._model is None:
                        self._error = str(error)
                    logger.warning("the model stays as it is: %s", error)
                except Exception:
                    logger.exception("the model stays as it is")
                self._first.set()
                self._look.wait(_LOOK_SECONDS)
                self._look.clear()
        finally:
            if catalogue is not None:
                catalogue.close()

    def _load(self, catalogue: OpenCatalogue, now: tuple[tuple[int, int] | None, int]) -> None:
        folder = self._folder / MODEL_FOLDER
        with catalogue.reading() as generation:
            model = Classifier.load(folder, catalogue)
        with self._swapped:
            self._model = model
            self._loaded = now[0], generation
            self.swaps += 1
            self._swapped.notify_all()

    def _manifest(self) -> tuple[int, int] | None:
        """Return what differs when another model was written; the manifest is replaced as a whole."""
        try:
            stat = (self._folder / MODEL_FOLDER / "manifest.json").stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_ino
