"""What a caller is told who cannot be served now, and the threads that callers wait for."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Generic, TypeVar

from smf_embed.errors import SmfEmbedError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Busy(SmfEmbedError):
    """More is waiting than can be done soon; try again in `retry_after` seconds."""

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Late(SmfEmbedError):
    """It took longer than a caller should wait."""


def wait_for(future: Future[Result], seconds: float, what: str) -> Result:
    """Return the result of a future; what has not begun when the time is over is not done at all.

    Raises
    ------
    Late
        When it is not there in time.
    """
    try:
        return future.result(seconds)
    except (FutureTimeout, CancelledError):
        if future.done() and not future.cancelled():
            return future.result()  # it was done at the last moment, or it raised such an error itself
        begun = not future.cancel()
        raise Late(
            f"{what} took longer than {seconds:.0f} seconds" + ("; it may still be done" if begun else "")
        ) from None


def _hand_in(waiting: queue.Queue[Any], *what: Any) -> Future[Any]:
    """Put something into a queue, with the future of its result; Busy where the queue is full."""
    future: Future[Any] = Future()
    try:
        waiting.put_nowait((*what, future))
    except queue.Full:
        raise Busy("too many requests are waiting; try again soon") from None
    return future


class Batcher(Generic[Item, Result]):
    """One thread that does the work of many callers together.

    What comes while it works is taken in one go when it is done: a lone caller never waits, and the more callers there
    are, the larger the batches.

    Parameters
    ----------
    name : str
        Of the thread.
    work : callable
        Takes some items and returns as many results.
    most : int
        The weight of a batch; one item may weigh more.
    depth : int
        How many items may wait.
    end : callable, optional
        Called in the thread after its last batch.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[list[Item]], Sequence[Result]],
        *,
        most: int,
        depth: int,
        end: Callable[[], None] | None = None,
    ) -> None:
        self._work = work
        self._most = most
        self._end = end
        self._waiting: queue.Queue[tuple[Item, int, Future[Result]] | None] = queue.Queue(depth)
        self._held: tuple[Item, int, Future[Result]] | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many items wait now."""
        return self._waiting.qsize()

    def submit(self, item: Item, weight: int = 1) -> Future[Result]:
        """Hand an item in.

        Raises
        ------
        Busy
            When too many wait already.
        """
        return _hand_in(self._waiting, item, weight)

    def close(self) -> None:
        """Do what waits, and end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                self._do([(item, future) for item, _, future in batch if future.set_running_or_notify_cancel()])
        finally:
            if self._end:
                self._end()

    def _next_batch(self) -> list[tuple[Item, int, Future[Result]]]:
        """Return what waits, as much as goes together; nothing at the end."""
        first = self._held or self._waiting.get()
        self._held = None
        if first is None:
            return []
        batch, total = [first], first[1]
        while total < self._most:
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                break
            if following is None:
                self._waiting.put(None)  # the end comes after this batch
                break
            if total + following[1] > self._most:
                self._held = following
                break
            batch.append(following)
            total += following[1]
        return batch

    def _do(self, batch: list[tuple[Item, Future[Result]]]) -> None:
        if not batch:
            return
        try:
            results = self._work([item for item, _ in batch])
        except BaseException as error:
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
            for one in batch:  # the fault of one is not that of the others
                self._do([one])
            return
        for (_, future), result in zip(batch, results, strict=True):
            future.set_result(result)


class Workers(Generic[Item]):
    """Some threads, each with something of its own that is opened in it, such as a connection.

    Parameters
    ----------
    name : str
    count : int
    open_one : callable
        Called in each thread.
    depth : int
        How many calls may wait.
    """

    def __init__(self, name: str, count: int, open_one: Callable[[], Item], depth: int) -> None:
        self._open_one = open_one
        self._waiting: queue.Queue[tuple[Callable[[Item], Any], Future[Any]] | None] = queue.Queue(depth)
        self._threads = [threading.Thread(target=self._run, name=f"{name} {n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """How many calls wait now."""
        return self._waiting.qsize()

    def submit(self, call: Callable[[Item], Result]) -> Future[Result]:
        """Have a call made with what a thread has opened.

        Raises
        ------
        Busy
            When too many wait already.
        """
        return _hand_in(self._waiting, call)

    def run_waiting(self, own: Item) -> None:
        """Make the calls that wait; for a call that takes long, and lets others pass."""
        while True:
            try:
                waiting = self._waiting.get_nowait()
            except queue.Empty:
                return
            if waiting is None:
                self._waiting.put(None)
                return
            self._call(own, *waiting)

    def close(self) -> None:
        """Make the calls that wait, and end the threads."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        own: Any = None
        try:
            while (waiting := self._waiting.get()) is not None:
                call, future = waiting
                if own is None:
                    try:
                        own = self._open_one()
                    except BaseException as error:
                        future.set_exception(error)
                        continue
                self._call(own, call, future)
        finally:
            if own is not None:
                own.close()

    def _call(self, own: Any, call: Callable[[Any], Any], future: Future[Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(call(own))
        except BaseException as error:
            future.set_exception(error)
