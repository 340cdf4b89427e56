"""Ctrl-C that lets a batch be finished, so that nothing which was begun is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from smf_embed.console import say


@contextmanager
def stop_after_batch(what: str) -> Iterator[Callable[[], bool]]:
    """Note the first Ctrl-C or SIGTERM instead of raising; yield what tells whether there was one.

    The second signal stops at once. Outside the main thread signals are left alone, and so are those that are ignored.

    Parameters
    ----------
    what : str
        What will be finished, told at the first signal.
    """
    asked = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        with suppress(RuntimeError):  # the signal came while a line was being written
            say(f"stopping after {what}; Ctrl-C again to stop at once")

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    # a signal that is ignored stays so: a shell asks for that where a command runs in the background
    heard = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in heard}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
