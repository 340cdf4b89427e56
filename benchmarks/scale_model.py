"""What each step costs a clip, and what follows from it for many: a model that is checked against real runs.

    python benchmarks/scale_model.py --folder FOLDER [--clips 20000] [--shards 10] [--check]

FOLDER is that of bulk_predict.py; what is missing there is made. One process of one thread decides the clips and adds
them to a new catalogue, and the library's own steps are timed: bytes a clip, and microseconds of the processor, which
other work on the machine changes little. Deciding is timed in two processes at once, too, since cores share memory.
From these parts and the seconds of a run of two clips (Ray starts, workers load, all ends), the seconds of a run are
simulated: each worker takes the next shard when it is free. With --check, runs of 1 and 2 workers are made, and the
error is printed.

At the end the arithmetic for many clips, from these parts.
"""

from __future__ import annotations

import argparse
import functools
import heapq
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bulk_predict import make_catalogue, make_shards, predict, run
from measuring import in_a_process
from smf_embed.threads import use_threads

_DIMENSION = 512
# bytes of a vector by kind of index: numbers of four bytes or one, or 64 codes, and an id; HNSW32 has up to 64 links
# of four bytes at the lowest level, and no ids
_INDEX_BYTES = {
    "Flat": 4 * _DIMENSION + 8,
    "HNSW32": 4 * _DIMENSION + 4 * 66,
    "IVF,SQ8": _DIMENSION + 8,
    "IVF,PQ64": 64 + 8,
}
_CORES, _HOUR = 64, 3600.0
_SIZES = {"10 million": 10**7, "1 billion": 10**9, "10 billion": 10**10}


class Clock:
    """Times functions of a library in seconds of the processor, so that other work on the machine counts little.

    The time of a function that is called by another counts for itself alone.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._within: list[str] = []
        self._since = time.process_time()

    def _pass(self) -> None:
        now = time.process_time()
        if self._within:
            self.seconds[self._within[-1]] = self.seconds.get(self._within[-1], 0.0) + now - self._since
        self._since = now

    def call(self, step: str, function: Callable[..., Any], *words: Any, **named: Any) -> Any:
        """Call a function and count its time for a step."""
        self._pass()
        self._within.append(step)
        try:
            return function(*words, **named)
        finally:
            self._pass()
            self._within.pop()

    def watch(self, owner: Any, name: str, step: str) -> None:
        """Replace a function of a class or module by one that is timed."""
        function = getattr(owner, name)
        timed = functools.wraps(function)(lambda *words, **named: self.call(step, function, *words, **named))
        setattr(owner, name, timed)

    def reading(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Yield batches, and time how they are read."""
        while (batch := self.call("read", next, batches, None)) is not None:
            yield batch


# ----------------------------------------------------------------------------------------- measured in its own process


def deciding(index: Path, shards: Sequence[Path], output: Path) -> dict[str, Any]:
    """Decide the clips of shards as the bulk command does; return seconds of the steps, and counts."""
    from smf_embed import catalogue as catalogues
    from smf_embed import table_decisions
    from smf_embed.catalogue import Catalogue
    from smf_embed.classifier import MODEL_FOLDER, Classifier
    from smf_embed.clip_tables import iter_clips
    from smf_embed.trees import Trees

    clock, clips, texts, size = Clock(), 0, 0, 0
    with Catalogue(index) as catalogue:
        model = Classifier.load(index / MODEL_FOLDER, catalogue)
        catalogue.encode_texts(["the encoder is loaded for its first text"])
        loading = time.process_time()
        clock.watch(catalogues, "prepared_columns", "clean and correct")
        clock.watch(Catalogue, "encode_texts", "encode")
        clock.watch(Catalogue, "encoded", "look texts up, gather vectors")
        clock.watch(Classifier, "evidence", "candidates, votes, evidence")
        clock.watch(Trees, "probability", "trees")
        clock.watch(Classifier, "predict", "decide, reasons")
        clock.watch(table_decisions, "write_decisions", "write")
        started = time.process_time()
        for shard in shards:
            decided = table_decisions.decide_batches(clock.reading(iter_clips(shard)), catalogue, model)
            assert decided.decisions is not None
            table_decisions.write_decisions(decided.decisions, output / shard.name)
            clips, texts = clips + len(decided.decisions), texts + decided.texts
            size += (output / shard.name).stat().st_size
    whole = time.process_time() - started
    clock.seconds["the rest"] = whole - sum(clock.seconds.values())
    return {"clips": clips, "texts": texts, "loading": loading, "whole": whole, "bytes": size, "steps": clock.seconds}


def adding(folder: Path, shards: Sequence[Path]) -> dict[str, Any]:
    """Add the clips of shards to a new catalogue; return seconds of the steps, and counts."""
    from smf_embed import adding, catalogue, neighbours
    from smf_embed.clip_tables import iter_clips

    clock, clips, texts = Clock(), 0, 0
    with catalogue.Catalogue(folder, create=True) as opened, opened.writing("add"):
        opened.encoder.encode(["the encoder is loaded for its first text"])
        clock.watch(catalogue, "learn_batches", "learn words and boilerplate")
        clock.watch(catalogue, "prepared_columns", "clean and correct")
        clock.watch(catalogue.Catalogue, "encode_texts", "encode")
        clock.watch(adding, "_changes", "compare with what is stored")
        clock.watch(adding, "_write", "store")
        started = time.process_time()
        for shard in shards:
            opened.learn(clock.reading(iter_clips(shard)))
            report = opened.add(clock.reading(iter_clips(shard)))
            clips, texts = clips + report.added, texts + report.encoded_texts
        clock.call("index", neighbours.refresh_snapshots, opened)
    whole = time.process_time() - started
    clock.seconds["the rest"] = whole - sum(clock.seconds.values())
    size = (folder / "catalogue.sqlite").stat().st_size
    snapshots = sum(path.stat().st_size for path in folder.glob("*.faiss"))
    return {
        **{"clips": clips, "texts": texts, "whole": whole, "bytes": size, "index_bytes": snapshots},
        "steps": clock.seconds,
    }


def in_new_processes(count: int, what: str, *words: object) -> list[dict[str, Any]]:
    """Measure in so many new processes at once."""
    command = [sys.executable, __file__, "--measure", what, *map(str, words)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    answers = [process.communicate()[0] for process in started]
    return [json.loads(answer.splitlines()[-1]) for answer in answers]


# ------------------------------------------------------------------------------------------------------------ the model


def simulated(workers: int, shards: int, seconds: float, fixed: float) -> float:
    """Return the seconds of a run: a shard takes a worker so long while the others work, all else is fixed."""
    free = [fixed] * workers
    for _ in range(shards):
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


def print_steps(title: str, measured: dict[str, Any]) -> None:
    clips = measured["clips"]
    print(f"\n{title}: {clips:,} clips, {measured['texts'] / clips:.2f} texts encoded a clip; microseconds a clip")
    for step, seconds in measured["steps"].items():
        print(f"  {step:<34}{1e6 * seconds / clips:>9,.1f}{seconds / measured['whole']:>7.0%}")
    print(f"  {'together':<34}{1e6 * measured['whole'] / clips:>9,.1f}", flush=True)


def print_arithmetic(decided: dict[str, Any], added: dict[str, Any], shard_bytes: float) -> None:
    """Print what many clips take, by the parts that were measured."""
    core, one_writer = decided["whole"] / decided["clips"], added["whole"] / added["clips"]
    encode, written = added["steps"]["encode"] / added["clips"], added["bytes"] / added["clips"]
    vectors = added["texts"] / added["clips"]
    print(f"\nmany clips; a machine has {_CORES} cores, each as fast as one here; PRICE is that of a machine-hour")
    print(f"{'':<46}{''.join(f'{name:>16}' for name in _SIZES)}")

    def row(name: str, value: Callable[[int], float], unit: str = "") -> None:
        print(f"{name:<46}{''.join(f'{value(size):>16,.1f}' for size in _SIZES.values())} {unit}")

    row("decide: core-hours", lambda size: size * core / _HOUR)
    row("decide: machine-hours, and that times PRICE", lambda size: size * core / _HOUR / _CORES)
    row("decide: machines to be done in a day", lambda size: size * core / _HOUR / _CORES / 24)
    row(
        "  of it encoding, which a GPU may take over",
        lambda size: size * decided["steps"]["encode"] / 86400,
        "days of a core",
    )
    row("tables in", lambda size: size * shard_bytes / 1e9, "GB")
    row("decisions out", lambda size: size * decided["bytes"] / decided["clips"] / 1e9, "GB")
    row("add: days of one writer that encodes itself", lambda size: size * one_writer / 86400)
    row("add: days of one writer, encoding elsewhere", lambda size: size * (one_writer - encode) / 86400)
    row("catalogue: one file", lambda size: size * written / 1e9, "GB")
    for kind, size_of_one in _INDEX_BYTES.items():
        row(f"index of all texts in memory: {kind}", lambda size, one=size_of_one: size * vectors * one / 1e9, "GB")


def check(folder: Path, shards: Path, count: int, simulation: Callable[[int], float]) -> None:
    """Run with 1 and 2 workers, and print how far the simulation is off.

    Where fewer cores were in use than there are workers, others had them, and a run takes longer than is foreseen.
    """
    print(f"\n{'':<11}{'simulated s':>12}{'run s':>8}{'error':>8}{'clips a second':>16}{'cores in use':>14}")
    for workers in (1, 2):
        name = f"checked-{workers}"
        shutil.rmtree(folder / name, ignore_errors=True)
        done = run(predict(folder, shards, name, ["--engine", "ray", "--workers", str(workers)]))
        foreseen = simulation(workers)
        print(
            f"{workers} workers  {foreseen:>12.1f}{done.seconds:>8.1f}{foreseen / done.seconds - 1:>+8.1%}"
            f"{count / done.seconds:>16,.0f}{done.processor / done.seconds:>14.2f}",
            flush=True,
        )


def main() -> None:
    """Measure the parts, then tell what follows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--clips", type=int, default=20_000)
    parser.add_argument("--shards", type=int, default=10)
    parser.add_argument("--check", action="store_true", help="run with 1 and 2 workers of Ray, too")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    use_threads(1)
    if given.measure:
        what, path, shards = given.measure
        tables = sorted(Path(shards).glob("*.parquet"))
        with tempfile.TemporaryDirectory() as scratch:
            if what == "adding":
                print(json.dumps(adding(Path(scratch) / "index", tables)))
            else:
                print(json.dumps(deciding(Path(path), tables, Path(scratch))))
        return
    if given.folder is None:
        parser.error("--folder is missing")
    folder = given.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "index" / "model" / "manifest.json").exists():
        in_a_process(make_catalogue, folder)
    shards, tiny = folder / f"{given.clips}-in-{given.shards}", folder / "2-in-2"
    for path, clips, count in ((shards, given.clips, given.shards), (tiny, 2, 2)):
        if not (folder / f"{path.name}.made").exists():
            shutil.rmtree(path, ignore_errors=True)
            in_a_process(make_shards, path, clips, count)
    (alone,) = in_new_processes(1, "deciding", folder / "index", shards)
    print_steps("deciding", alone)
    both = in_new_processes(2, "deciding", folder / "index", shards)
    slower = sum(one["whole"] for one in both) / 2 / alone["whole"]
    loading = {1: alone["loading"], 2: max(one["loading"] for one in both)}
    print(f"\ntwo processes at once: {slower:.2f} times as long each; loading {loading[1]:.1f} s, {loading[2]:.1f} s")
    (added,) = in_new_processes(1, "adding", folder / "index", shards)
    print_steps("adding", added)
    print(
        f"\nbytes a clip: table {sum(path.stat().st_size for path in shards.iterdir()) / given.clips:,.0f}, decisions "
        f"{alone['bytes'] / alone['clips']:,.0f}, catalogue {added['bytes'] / added['clips']:,.0f}, snapshots of the "
        f"index {added['index_bytes'] / added['clips']:,.0f}"
    )
    fixed = {}
    for workers in (1, 2):
        shutil.rmtree(folder / "tiny", ignore_errors=True)
        fixed[workers] = run(predict(folder, tiny, "tiny", ["--engine", "ray", "--workers", str(workers)])).seconds
    print(f"a run of two clips with Ray: {fixed[1]:.1f} s with 1 worker, {fixed[2]:.1f} s with 2")
    with suppress(OSError):
        shutil.rmtree(folder / "tiny")

    def simulation(workers: int) -> float:
        seconds = alone["whole"] / given.shards * (slower if workers > 1 else 1.0)
        return simulated(workers, given.shards, seconds, fixed[workers])

    if given.check:
        check(folder, shards, given.clips, simulation)
    shard_bytes = sum(path.stat().st_size for path in shards.iterdir()) / given.clips
    print_arithmetic(alone, added, shard_bytes)


if __name__ == "__main__":
    main()
