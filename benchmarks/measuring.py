"""Running a program and measuring it from outside."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any


class ProgramFailed(RuntimeError):
    """A program ended with another exit code than 0."""


def run_measured(command: Sequence[str], **options: object) -> tuple[str, float, float]:
    """Run a program.

    Parameters
    ----------
    command : sequence of str
    **options
        What else `subprocess.Popen` takes.

    Returns
    -------
    printed : str
    seconds : float
        Wall time.
    megabytes : float
        The most memory that the program, or one that it ran itself, had at a time. Where the caller has once had more,
        that counts instead: the system hands it on to what is started. So callers stay small.

    Raises
    ------
    ProgramFailed
        When it ends with another exit code than 0.
    """
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
    assert process.stdout is not None
    try:
        with process.stdout:
            printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:  # Ctrl-C: the program does not outlive this one
        process.kill()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ProgramFailed(f"{' '.join(command)} ended with {process.returncode}")
    return printed, time.monotonic() - started, usage.ru_maxrss / 1024


def in_a_process(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call a function in a process that then ends, so that its memory is not counted for what this one starts."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **named).result()
