"""Shards, and texts to encode, given to the workers of Ray; imported only where `--engine ray` asks for it.

Ray Data gets the list of shards, a row each, and its actors read, decide and write them: what goes through Ray is
names and counts. An actor whose process dies is started again and is given its shard again.

Encoding for `add` is asked for batch by batch, and an answer is needed before the next question is known (texts that
are stored are not encoded again), so the same actors stay from one batch to the next: plain ones, since a data set
would start anew, with new actors, for each batch.
"""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smf_embed import errors
from smf_embed.bulk.deciding import Deciding, ShardDecider
from smf_embed.bulk.shards import Shard
from smf_embed.encoder import BUILTIN, Encoder
from smf_embed.errors import EncoderError, InputError, SmfEmbedError
from smf_embed.threads import core_count, environment, limit_threads, thread_count

# of a shard whose worker dies: more would only repeat what memory is too small for
_RETRIES = 2
# what goes through the store of objects is names, counts and the vectors of one batch
_STORE_BYTES = 256 << 20


@dataclass(frozen=True)
class Pool:
    """What Ray was found to have.

    Attributes
    ----------
    workers : int
    options : dict
        What Ray is told of each worker.
    """

    workers: int
    options: dict[str, Any]


@contextmanager
def ray_pool(workers: int | None, most: int | None = None) -> Iterator[Pool]:
    """Start Ray here, or connect to the cluster at `RAY_ADDRESS`, and leave it again.

    Parameters
    ----------
    workers : int, optional
        At most so many; where not given, as many as there are GPUs, or else as CPUs allow.
    most : int, optional
        More would have nothing to do.

    Raises
    ------
    InputError
        Ray is not installed or cannot be reached, or has no CPU to spare.
    """
    # before it is imported; no counting of who uses it, and no warning of a later version
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # of what it writes to the screen beside us
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise InputError(f"--engine ray needs {error.name}: pip install 'smf-embed[ray]'") from error

    threads = thread_count()
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    address = os.environ.get("RAY_ADDRESS", "")
    if not address:
        wanted = _least(most, workers or max(1, core_count() // threads))
        # where this process is killed, Ray's own processes wait so long for the one that is at their head
        os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "10")
        # workers are as much worth as the command that starts them; Ray would put them below all else
        os.environ.setdefault("RAY_worker_niceness", "0")
        # one CPU more than the workers need: Ray's own tasks wait for ever for one that is not there
        options |= {"num_cpus": wanted * threads + 1, "include_dashboard": False, "object_store_memory": _STORE_BYTES}
        options["_node_ip_address"] = "127.0.0.1"  # nobody else is to be served
    try:
        ray.init(address or "local", **options)
    except Exception as error:  # Ray raises plain ones, too, such as where it did not start in time
        raise InputError(f"Ray at {address or 'this machine'} cannot be used: {error}") from error
    # what Ray tells of workers that died must not stand in what the command prints
    with ExitStack() as stack:
        stack.callback(ray.shutdown)
        stack.enter_context(redirect_stdout(sys.stderr))
        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        gpus = any(machine.get("GPU", 0) >= 1 for machine in machines)
        fitting = workers_that_fit(machines, threads)
        if fitting < 1:
            cpus = " and ".join(str(int(machine.get("CPU", 0))) for machine in machines)
            raise InputError(f"Ray has {cpus} CPUs; a worker takes {threads}, and one more is needed beside them")
        yield Pool(
            _least(most, workers, fitting),
            {
                "num_cpus": threads,
                "num_gpus": 1 if gpus else 0,
                "runtime_env": {"env_vars": environment()},
                "max_restarts": -1,
                "max_task_retries": _RETRIES,
            },
        )


def workers_that_fit(machines: Sequence[Mapping[str, float]], threads: int) -> int:
    """Return how many workers of so many threads, and of one GPU where there are any, Ray has room for.

    Parameters
    ----------
    machines : sequence of mapping
        What Ray says that each has: `CPU` and `GPU`. A worker is on one of them, and a CPU is left over for Ray.
    threads : int
    """
    cpus = [int(machine.get("CPU", 0)) for machine in machines]
    gpus = [int(machine.get("GPU", 0)) for machine in machines]
    rooms = [count // threads for count in cpus]
    if any(gpus):
        rooms = list(map(min, rooms, gpus))
    return sum(rooms) if sum(cpus) > sum(rooms) * threads else sum(rooms) - 1


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Make an error of Ray's own one of ours: workers that cannot start, a cluster that is gone."""
    import ray.exceptions

    try:
        yield
    except ray.exceptions.RayError as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"Ray gave up: {reason} What was done is kept; the same command does the rest") from error


def _told(error: Exception) -> dict[str, str]:
    """Return what another process is told of an error that users meet, nothing of others; see `_error_of`."""
    if isinstance(error, SmfEmbedError):
        # subclasses stand elsewhere, and may want more than a message
        ours = (kind.__name__ for kind in type(error).__mro__ if getattr(errors, kind.__name__, None) is kind)
        return {"stop": str(error), "kind": next(ours)}
    if isinstance(error, OSError):
        return {"stop": f"{error.filename or 'a file'}: {error.strerror or error}", "kind": InputError.__name__}
    return {}


def _error_of(told: dict[str, str]) -> Exception:
    found: Exception = getattr(errors, told["kind"], RuntimeError)(told["stop"])
    return found


def _least(*numbers: int | None) -> int:
    return min(number for number in numbers if number is not None)


# ------------------------------------------------------------------------------------------------------------- deciding


class _Worker:
    """An actor that decides shards. What goes wrong is an answer, too: Ray would wrap an error in pages of others."""

    def __init__(self, deciding: Deciding) -> None:
        limit_threads()
        self._deciding = deciding
        self._decider: ShardDecider | None = None

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[str]]:
        answers = []
        for text in batch["shard"].tolist():
            shard = Shard(**json.loads(text))
            try:
                if self._decider is None:
                    self._decider = ShardDecider(self._deciding)
                answer = self._decider.decide(shard)
            except Exception as error:
                answer = _told(error) or {"stop": traceback.format_exc(), "kind": ""}
            answers.append(json.dumps({"name": shard.name, "answer": answer}))
        return {"answer": answers}


def decide_on_ray(deciding: Deciding, shards: Sequence[Shard], pool: Pool) -> Iterator[tuple[Shard, dict[str, Any]]]:
    """Decide shards on the workers of Ray; yields what `ShardDecider.decide` returns, in the order they are done.

    A shard whose worker died at every try is told as one that could not be read.
    """
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1  # a shard that kills its workers stops no other
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    left = {shard.name: shard for shard in shards}
    rows = [{"shard": json.dumps(asdict(shard))} for shard in shards]
    with warnings.catch_warnings():
        # how often a task is tried again cannot be told otherwise; it will be from version 2.64 on
        warnings.simplefilter("ignore", DeprecationWarning)
        decided = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            _Worker,
            fn_constructor_args=(deciding,),
            batch_size=1,
            batch_format="numpy",
            # a worker that has the next shard in its queue would be waited for at the end
            compute=ray.data.ActorPoolStrategy(size=pool.workers, max_tasks_in_flight_per_actor=1),
            **pool.options,
        )
    with _in_one_line():
        for batch in decided.iter_batches(batch_size=None, prefetch_batches=0):
            for text in batch["answer"].tolist():
                told = json.loads(text)
                answer = told["answer"]
                if "stop" in answer:
                    raise _error_of(answer)
                yield left.pop(told["name"]), answer
    for shard in left.values():
        times = _RETRIES + 1
        yield shard, {"unread": f"{shard.address}: its worker died {times} times; memory may be too small for it"}


# ------------------------------------------------------------------------------------------------------------- encoding


class _EncoderActor:
    """An actor that encodes texts; an error of ours is an answer, as it is of those that decide."""

    def __init__(self, settings: dict[str, Any]) -> None:
        limit_threads()
        self._encoder = Encoder(**settings)

    def answer(self, what: str, *words: Any) -> dict[str, Any]:
        """Return the `value` of an attribute of the encoder or of what its method returns, or what `_told` says."""
        before = self._encoder.windowed_texts
        try:
            value = getattr(self._encoder, what)
            value = value(*words) if callable(value) else value
        except (SmfEmbedError, OSError) as error:
            return _told(error)
        return {"value": value, "windowed": self._encoder.windowed_texts - before}


class RayEncoder(Encoder):
    """An encoder whose model is loaded and runs in the workers of Ray, each of which is given texts in turn.

    Parameters
    ----------
    encoder : Encoder
        What to encode with; it is not loaded here.
    pool : Pool
    """

    def __init__(self, encoder: Encoder, pool: Pool) -> None:
        self._settings = {name: getattr(encoder, name) for name in ("name", "prompt", "backend", "revision", "device")}
        if encoder.name != BUILTIN and Path(encoder.name).is_dir():
            self._settings["name"] = str(Path(encoder.name).resolve())  # a worker has another working folder
        super().__init__(**self._settings)
        self._pool = pool

    @property
    def fingerprint_parts(self) -> dict[str, Any]:
        """What the fingerprint is made of, see `Encoder.fingerprint_parts`.

        Raises
        ------
        EncoderError
            It is not the same of all workers.
        """
        if self._fingerprint is None:
            first, *others = self._ask_all("fingerprint_parts")
            if any(other != first for other in others):
                raise EncoderError(
                    f"encoder {self.name!r}: is not the same on all machines of Ray; copy one folder to the same path "
                    "on all of them, or name a revision of the hub: ID@REVISION"
                )
            self._fingerprint = first
        return self._fingerprint

    @property
    def dimension(self) -> int:
        """Numbers of a vector; the model is loaded for it."""
        return int(self._ask_all("dimension")[0])

    @functools.cached_property
    def _actors(self) -> list[Any]:
        import ray

        actor = ray.remote(**self._pool.options)(_EncoderActor)
        return [actor.remote(self._settings) for _ in range(self._pool.workers)]

    def _encode_chunks(self, chunks: Sequence[list[str]]) -> Iterator[np.ndarray]:
        from ray.util import ActorPool

        answers: Iterator[dict[str, Any]] = ActorPool(self._actors).map(
            lambda actor, chunk: actor.answer.remote("_encode_distinct", chunk), list(chunks)
        )
        with _in_one_line():
            for answer in answers:
                # Ray's arrays are read-only views into its store, which would never be given back
                yield np.array(self._value(answer))

    def _ask_all(self, what: str) -> list[Any]:
        """Return what each of the workers answers."""
        import ray

        with _in_one_line():
            return [self._value(answer) for answer in ray.get([actor.answer.remote(what) for actor in self._actors])]

    def _value(self, answer: dict[str, Any]) -> Any:
        if "stop" in answer:
            raise _error_of(answer)
        self.windowed_texts += answer["windowed"]
        return answer["value"]
