"""Work beside other work is another thread's, and is done at once where there is to be one thread alone."""

import contextlib
import threading

import pytest

from smf_embed import threads


@pytest.mark.parametrize("count", [1, 2])
def test_work_beside_waits_only_where_there_is_another_thread(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(threads, "thread_count", lambda: count)
    go = threading.Event()
    with threads.beside() as start:
        started = start(go.wait, 1.0)  # where it is waited for, nobody lets it go
        assert started.done() == (count == 1)
        go.set()
    assert started.result() == (count == 2)


def test_the_last_to_leave_gives_the_threads_of_blas_back(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []

    class Limits:
        def __init__(self, count: int, user_api: str) -> None:
            done.append((count, user_api))

        def restore_original_limits(self) -> None:
            done.append("given back")

    monkeypatch.setattr("threadpoolctl.threadpool_limits", Limits)
    first, second = contextlib.ExitStack(), contextlib.ExitStack()
    for _ in range(2):
        first.enter_context(threads.ONE_BLAS_THREAD)
        second.enter_context(threads.ONE_BLAS_THREAD)
        first.close()
        assert done == [(1, "blas")]
        second.close()
        assert done == [(1, "blas"), "given back"]
        done.clear()


def test_an_error_of_the_work_is_that_of_its_result() -> None:
    with threads.beside() as start:
        started = start(int, "nothing")
    with pytest.raises(ValueError, match="nothing"):
        started.result()
