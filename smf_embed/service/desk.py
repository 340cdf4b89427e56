"""The desk: everything that analysts and other systems do with a catalogue, free of HTTP.

One thread writes, a few read, one decides and one encodes; each has its own connection, so that reading goes on during
writes. All methods may be called from any thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from smf_embed.clip_tables import iter_clips
from smf_embed.clips import COLUMNS, ID, ClipBatch, take_row
from smf_embed.service.current_model import CurrentModel
from smf_embed.service.deciding import Answer, Asked, Prepared, decide_together, prepare_together, read_asked
from smf_embed.service.lookups import Lookups, NotStored
from smf_embed.service.opening import Encoders, OpenCatalogue, SharedEncoder
from smf_embed.service.review import ReviewQueue
from smf_embed.service.waiting import Batcher, Workers, wait_for
from smf_embed.service.writing import Writer, add_in_pieces, as_report
from smf_embed.stored_clips import project_name
from smf_embed.teaching import teach
from smf_embed.undoing import undo

Result = TypeVar("Result")

__all__ = ["Answer", "Desk", "NotStored"]

# clips of one caller that are decided in one go, so that no other waits for long
_PIECE = 250
# how many clips are decided together
_TOGETHER = 500
# what a clip adds to the time that a caller waits
_SECONDS_A_CLIP = 0.02
# rows of an import between which other writes are made
_IMPORT_ROWS = 512


class Desk(Lookups):
    """An open desk.

    Parameters
    ----------
    folder : path
        Of the catalogue, with its model where there is one.
    readers : int
        Threads that look things up.
    queue : int
        How many calls may wait for each kind of thread; more are refused.
    timeout : float
        Seconds that a caller waits.
    write_timeout : float
        Seconds that a caller waits for a write, which may have to wait for another program that writes.

    Raises
    ------
    CatalogueError
        No catalogue in the folder, or one that cannot be used.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        readers: int = 2,
        queue: int = 256,
        timeout: float = 30.0,
        write_timeout: float = 60.0,
    ) -> None:
        self.folder = Path(folder)
        self.timeout, self.write_timeout = timeout, write_timeout
        self.encoders = Encoders()
        OpenCatalogue(self.folder, self.encoders).close()  # what is wrong with it is told before any thread starts
        self._readers: Workers[OpenCatalogue] = Workers("reader", readers, self._open, queue)
        self._writer = Writer(self.folder, lambda: self._open(writes=True), queue, 0.8 * write_timeout)
        self._review = ReviewQueue(self._open, lambda: self.model.model)
        self.model = CurrentModel(self.folder, self.encoders, self._review.outdated)
        # preparing and deciding take turns with the processor: one batch is encoded while another is decided
        self._preparing: OpenCatalogue | None = None
        self._preparer: Batcher[list[Asked], Prepared] = Batcher(
            "preparer", self._prepare, most=_TOGETHER, depth=queue, end=self._end_preparing
        )
        self._decider: Batcher[Prepared, list[Answer | None]] = Batcher(
            "decider", self._decide, most=_TOGETHER, depth=queue
        )

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish the writes that wait, and end all threads."""
        self._writer.close()
        self._preparer.close()
        self._decider.close()
        self._readers.close()
        self.model.close()
        self._review.close()
        self.encoders.close()

    def warm(self) -> None:
        """Begin to load the encoder, so that the first text need not wait for it."""

        def work(catalogue: OpenCatalogue) -> None:
            if isinstance(catalogue.encoder, SharedEncoder):
                catalogue.encoder.warm()

        self._read(work, "opening")

    # ---------------------------------------------------------------------------------------------------- reading

    def classify(self, clips: Sequence[dict[str, Any] | str]) -> list[Answer]:
        """Tell the projects of clips, in the order asked.

        Parameters
        ----------
        clips : sequence of dict or str
            Ids, or clips with the columns of the table, which need not be stored.

        Raises
        ------
        ModelError
            There is no model, and not all of the clips have labels.
        Busy, Late
        """
        deadline = time.monotonic() + self.timeout + _SECONDS_A_CLIP * len(clips)
        asked = [read_asked(one) for one in clips]
        answers: list[Answer] = []
        for start in range(0, len(asked), _PIECE):
            piece = asked[start : start + _PIECE]
            answers += self._decided(piece, deadline)
        return answers

    def state(self) -> dict[str, Any]:
        """Return `clips`, `labelled`, `projects`, `vectors`, `generation`, facts of the model and what waits."""
        model = self.model.model

        def work(catalogue: OpenCatalogue) -> dict[str, Any]:
            with catalogue.reading() as generation:
                return catalogue.counts() | {"generation": generation}

        return self._read(work, "reading") | {
            "model": None if model is None else model.manifest["created"],
            "macro_f1": None if model is None else model.manifest["metrics"]["macro_f1"],
            "model_loads": self.model.swaps,
            "waiting": {
                "writes": self._writer.waiting,
                "reads": self._readers.waiting,
                "decisions": self._preparer.waiting + self._decider.waiting,
            },
        }

    # ---------------------------------------------------------------------------------------------------- writing

    def add(self, clips: Sequence[dict[str, Any]], who: str | None = None) -> dict[str, Any]:
        """Insert clips, or update those that are stored; a missing column leaves what is stored.

        Returns
        -------
        dict
            `added`, `updated`, `unchanged`, `rejected`, `labels`, `texts_encoded`, `seconds`, `rejected_rows` (a
            hundred at most, `line` counts the clips from 1) and `mended`.
        """
        batch = ClipBatch("request")
        for line, clip in enumerate(clips, start=1):
            told = {name: value for name, value in clip.items() if name in COLUMNS and value is not None}
            take_row(batch, "request", line, told | {ID: told.get(ID)})
        batch.progress = 1.0
        seconds = self.write_timeout + _SECONDS_A_CLIP * len(clips)
        report = self._write(lambda catalogue: as_report(catalogue.add([batch])), who, seconds)
        self._review.outdated()
        return report

    def add_table(
        self,
        path: str | Path,
        progress: Callable[[float, dict[str, Any]], None] | None = None,
        who: str | None = None,
    ) -> dict[str, Any]:
        """Import a table in pieces, between which other writes are made; returns when all is stored.

        Parameters
        ----------
        path : path
            A CSV or Parquet file.
        progress : callable, optional
            Called after each piece with the share that is done, 0 to 1, and the report so far.
        who : str, optional

        Returns
        -------
        dict
            See `add`; `rejected_rows` are all of them.

        Raises
        ------
        InputError
            A table that cannot be read; the pieces before are stored.
        """

        def work(catalogue: OpenCatalogue) -> dict[str, Any]:
            return add_in_pieces(self._writer, catalogue, iter_clips(path, batch_rows=_IMPORT_ROWS), progress)

        report = self._writer.submit(work, who).result()
        self.model.look()
        self._review.outdated()
        return report

    def label(self, ids: Sequence[str], project: str | None, who: str | None = None) -> dict[str, Any]:
        """Give clips a project or `none`, or take their label away; on the disk when it returns.

        Returns
        -------
        dict
            `labelled` and `unknown` ids, `project`, and `generation`, which the log names.
        """
        name = None if project is None else project_name(project)
        wanted = list(dict.fromkeys(ids))

        def work(catalogue: OpenCatalogue) -> tuple[list[str], int]:
            done = catalogue.label(wanted, name)
            return done, catalogue.generation

        done, generation = self._write(work, who)
        self._review.labelled(done) if name is not None else self._review.unlabelled(done)
        there = set(done)
        unknown = [identifier for identifier in wanted if identifier not in there]
        return {"labelled": done, "unknown": unknown, "project": name, "generation": generation}

    def undo(self, who: str) -> dict[str, Any]:
        """Take back the last labels that a person gave in one go, and that were not taken back yet.

        Returns
        -------
        dict
            `undone`: ids that have the label of before again; `kept`: ids that were labelled anew since, and stay. If
            those are all that were labelled last, the labels before are taken back.
        """
        undone, kept = self._write(lambda catalogue: undo(catalogue, who), who)
        self._review.unlabelled(undone)
        return {"undone": undone, "kept": kept}

    def teach(self, project: str, ids: Sequence[str], who: str | None = None) -> dict[str, Any]:
        """Label clips and let the model know their project; what is decided from now on knows it.

        Returns
        -------
        dict
            `project`, `is_new`, `clips`, `texts` by field, `aliases`.

        Raises
        ------
        InputError
            See `smf_embed.teaching.teach`; nothing is changed then.
        ModelError
            There is no model yet.
        """

        def work(catalogue: OpenCatalogue) -> dict[str, Any]:
            return vars(teach(catalogue, project, list(ids)))

        told = self._write(work, who)
        self._review.labelled(list(ids))
        self.model.reload(self.write_timeout)
        return dict(told)

    # ---------------------------------------------------------------------------------------------------- threads

    def _open(self, *, writes: bool = False) -> OpenCatalogue:
        return OpenCatalogue(self.folder, self.encoders, writes=writes)

    def _write(self, work: Callable[[OpenCatalogue], Result], who: str | None, seconds: float | None = None) -> Result:
        # longer than the writer waits for another program, so that the caller is told of it
        result = self._writer.run(work, who, seconds or self.write_timeout)
        self.model.look()
        return result

    def _decided(self, asked: list[Asked], deadline: float) -> list[Answer]:
        def left() -> float:
            return max(deadline - time.monotonic(), 0.0)

        prepared = wait_for(self._preparer.submit(asked, len(asked)), left(), "deciding")
        answers = prepared.answers
        if prepared.clips is not None:
            self.model.get(left())
            answers = wait_for(self._decider.submit(prepared, len(prepared.clips)), left(), "deciding")
        return [answer for answer in answers if answer is not None]

    def _prepare(self, pieces: list[list[Asked]]) -> list[Prepared]:
        if self._preparing is None:
            self._preparing = self._open()
        return prepare_together(self._preparing, pieces)

    def _end_preparing(self) -> None:
        if self._preparing is not None:
            self._preparing.close()

    def _decide(self, prepared: list[Prepared]) -> list[list[Answer | None]]:
        return decide_together(self.model.get(), prepared)
