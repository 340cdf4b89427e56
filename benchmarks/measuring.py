"""Running a program and measuring it from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

_SECONDS_TO_END = 10


class ProgramFailed(RuntimeError):
    """A program ended with another exit code than 0."""


class Measured(NamedTuple):
    """What a program did.

    Attributes
    ----------
    printed : str
    seconds : float
        Wall time.
    processor_seconds : float
        Of all threads, and of the programs that it ran itself: other work on the machine changes them little.
    megabytes : float
        The most memory that the program, or one that it ran itself, had at a time. Where the caller has once had more,
        that counts instead: the system hands it on to what is started. So callers stay small.
    """

    printed: str
    seconds: float
    processor_seconds: float
    megabytes: float


def run_measured(command: Sequence[str]) -> Measured:
    """Run a program.

    Raises
    ------
    ProgramFailed
        When it ends with another exit code than 0.
    """
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        with process.stdout:
            printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:  # Ctrl-C: the program does not outlive this one, and puts its temporary files away
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ProgramFailed(f"{' '.join(command)} ended with {process.returncode}")
    processor = usage.ru_utime + usage.ru_stime
    return Measured(printed, time.monotonic() - started, processor, usage.ru_maxrss / 1024)


def in_a_process(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call a function in a process that then ends, so that its memory is not counted for what this one starts."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **named).result()
