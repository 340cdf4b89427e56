"""The one place where thread counts are set.

torch, FAISS, LightGBM and BLAS each start as many threads as there are cores, and slow each other down twentyfold
when the cores are already taken. All of them ask `thread_count` instead.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import psutil

_VARIABLE = "SMF_EMBED_THREADS"
_LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
_SAMPLE_SECONDS = 0.1


@functools.cache
def thread_count() -> int:
    """Return how many threads to use; measured once a process, at the first call.

    Returns
    -------
    int
        `SMF_EMBED_THREADS` where it is set to a positive number; else the number of cores that are idle now, at least
        one and at most those that this process may run on.
    """
    wanted = os.environ.get(_VARIABLE, "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    allowed = core_count()
    if allowed == 1:
        return 1
    busy = psutil.cpu_percent(interval=_SAMPLE_SECONDS, percpu=True)
    idle = round(sum(100.0 - percent for percent in busy) / 100.0)
    return max(1, min(allowed, idle))


def core_count() -> int:
    """Return how many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limit_threads() -> int:
    """Set the thread counts that libraries read from the environment when they are imported; return the count.

    A count that the user has set there stands. FAISS, LightGBM and torch also take `thread_count` as an argument.
    """
    count = thread_count()
    for variable in _LIBRARIES:
        os.environ.setdefault(variable, str(count))
    # threads that wait for work spin by default, and take the cores from those that have some
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return count


@contextmanager
def beside() -> Iterator[Callable[..., Future[Any]]]:
    """Yield what starts work on another thread; where there is to be one alone, it returns when the work is done."""
    with ThreadPoolExecutor(1) as pool:

        def start(work: Callable[..., Any], *words: Any) -> Future[Any]:
            started = pool.submit(work, *words)
            if thread_count() == 1:
                wait([started])
            return started

        yield start


def use_threads(count: int) -> None:
    """Have this process, and those that it starts, use so many threads, where the user has not said how many."""
    if not os.environ.get(_VARIABLE, "").isdigit():
        os.environ[_VARIABLE] = str(count)
        thread_count.cache_clear()
    limit_threads()


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Have torch use one thread in what is done meanwhile, and `thread_count` ones from then on."""
    import torch

    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(thread_count())


class _OneBlasThread:
    """Has one thread multiply matrices in what is done meanwhile; the count is one of the whole process.

    Where several workers do so at once, threads of one wait for those of the other. Of several that are inside at once,
    the last to leave gives the threads back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limits: Any = None

    def __enter__(self) -> None:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with self._lock:
            if not self._inside:
                self._limits = threadpool_limits(1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limits.restore_original_limits()


#: With this, matrices are multiplied by one thread.
ONE_BLAS_THREAD = _OneBlasThread()


def environment() -> dict[str, str]:
    """Return the variables of the environment that make another process use as many threads as this one."""
    count = str(thread_count())
    return {_VARIABLE: count, **dict.fromkeys(_LIBRARIES, count), "OMP_WAIT_POLICY": "PASSIVE"}
