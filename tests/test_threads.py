"""Work beside other work is another thread's, and is done at once where there is to be one thread alone."""

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


def test_an_error_of_the_work_is_that_of_its_result() -> None:
    with threads.beside() as start:
        started = start(int, "nothing")
    with pytest.raises(ValueError, match="nothing"):
        started.result()
