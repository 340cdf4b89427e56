"""What takes longer than a page may: one import or report at a time, in a thread, with progress that pages ask for."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from smf_embed.errors import SmfEmbedError
from smf_embed.service.waiting import Busy

logger = logging.getLogger("smf_embed.service")

# jobs that are remembered, so that their pages can be loaded again
_KEPT = 20


@dataclass
class Job:
    """An import or a report.

    Attributes
    ----------
    kind : str
        `import` or `report`.
    name : str
        The name of the file, as the reader knows it.
    key : str
        What its page asks for it by; nobody can guess it.
    running : bool
    share : float or None
        How much is done, 0 to 1; None where nobody knows.
    result : dict
        What it gave.
    error : str
        What stopped it; empty where nothing did.
    """

    kind: str
    name: str
    key: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    running: bool = True
    share: float | None = None
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""


class Jobs:
    """The jobs of a desk."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Job | None:
        """Return a job by its key; None where it is not known any more."""
        return self._jobs.get(key)

    def newest(self, kind: str) -> Job | None:
        """Return the last job of a kind that was begun."""
        return next((job for job in reversed(list(self._jobs.values())) if job.kind == kind), None)

    def begin(self, job: Job, work: Callable[[Job], dict[str, Any]]) -> None:
        """Run a job in a thread of its own.

        Parameters
        ----------
        job : Job
        work : callable
            Gets the job, whose `share` it sets, and returns its result.

        Raises
        ------
        Busy
            While another job runs.
        """
        with self._lock:
            if any(other.running for other in self._jobs.values()):
                raise Busy("another job is running")
            self._jobs[job.key] = job
            for key in list(self._jobs)[:-_KEPT]:
                del self._jobs[key]
        threading.Thread(target=self._run, args=(job, work), name=job.kind, daemon=True).start()

    def _run(self, job: Job, work: Callable[[Job], dict[str, Any]]) -> None:
        try:
            job.result = work(job)
        except SmfEmbedError as error:
            job.error = str(error)
        except Exception:
            logger.exception("the %s of a page has failed", job.kind)
            job.error = "internal"
        finally:
            job.running = False
