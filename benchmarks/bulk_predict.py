"""Many clips decided by the plain command and by the workers of Ray: equal output, wall time, memory, kills.

    python benchmarks/bulk_predict.py --folder FOLDER [--clips 1000000] [--shards 64] [--workers 2] [--kill]
                                       [--titles]

A catalogue of the demo (8,341 labelled clips) is made and fitted in FOLDER, and so many other clips of the demo's
generator, with other seeds, are written as Parquet shards; both are used again. With --titles they have no
descriptions, whose encoding takes most of the time. Then `predict SHARDS` runs once in one
process and once with Ray, one after the other; the decisions must be the same to the byte. Memory is the sum over the
program and all that it started, as the system counts it without what they share (PSS), looked at twice a second.

With --kill, a run with Ray whose worker is killed in the middle, and one that is killed itself and started again: what
was done by then must not be touched, and the decisions must be those of the first run.

Ray may listen on every interface. Where a network namespace can be made (`unshare --net`), it runs in one that has
only the loopback.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from measuring import in_a_process

_LOOK_SECONDS = 0.5
_UP = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
_CLIPS_OF_A_SEED = 139_019
_CLI = [sys.executable, "-m", "smf_embed.cli"]


class Run(NamedTuple):
    """What a program and all that it started did.

    Attributes
    ----------
    seconds : float
        Of wall time.
    processor : float
        Seconds of the processor, which other work on the machine changes little.
    megabytes : float
        The most of all together.
    printed : str
    """

    seconds: float
    processor: float
    megabytes: float
    printed: str


# -------------------------------------------------------------------------------------------------------------- making


def make_catalogue(folder: Path) -> None:
    """Make a fitted catalogue of the demo's training clips."""
    from smf_embed.datasets import make_demo

    table = folder / "train.parquet"
    make_demo(0.1, 0).train.drop(columns="cartoon_true").to_parquet(table, index=False)
    for words in (["add", str(table)], ["fit"]):
        subprocess.run([*_CLI, *words, "--catalogue", str(folder / "index")], check=True)


def make_shards(folder: Path, clips: int, shards: int, titles: bool = False) -> None:
    """Write clips of the demo's generator, unlabelled, as so many shards of equal size; titles alone where so told."""
    import pandas as pd

    from smf_embed.datasets import make_demo

    folder.mkdir(parents=True)
    unwanted = ["cartoon", "cartoon_true", *(["text"] if titles else [])]
    size, written, rest = -(-clips // shards), 0, pd.DataFrame()
    for seed in range(1, 2 + clips // _CLIPS_OF_A_SEED):
        made = make_demo(1.0, seed)
        rest = pd.concat([rest, made.train, made.test], ignore_index=True).drop(columns=unwanted)
        rest = rest.head(clips - written * size)
        while len(rest) >= size or (len(rest) and written * size + len(rest) >= clips):
            rest.head(size).to_parquet(folder / f"part-{written:04}.parquet", index=False)
            rest, written = rest.iloc[size:], written + 1
    (folder.parent / f"{folder.name}.made").touch()


# ------------------------------------------------------------------------------------------------------------- running


def alone() -> list[str]:
    """Return what starts a program in a network of its own, nothing where that cannot be done."""
    command = ["unshare", *(["--map-root-user"] if os.name == "posix" and os.geteuid() else []), "--net", *_UP]
    able = shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True).returncode == 0
    return command if able else []


def run(command: list[str], watch: Callable[[psutil.Process], bool] | None = None) -> Run:
    """Run a program and all that it starts; `watch` is asked twice a second, and ends the program by True."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    most, used = 0.0, {}
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            driver = psutil.Process(process.pid)
            family = [driver, *driver.children(recursive=True)]
            most = max(most, sum(map(memory, family)))
            for one in family:
                with suppress(psutil.Error):
                    used[one.pid] = sum(one.cpu_times()[:2])
            if watch and watch(driver):
                process.kill()
        time.sleep(_LOOK_SECONDS)
    printed = process.stdout.read() if process.stdout else ""
    return Run(time.monotonic() - started, sum(used.values()), most, printed)


def memory(process: psutil.Process) -> float:
    """Return the megabytes of a process, a page that several share counted in parts."""
    with suppress(psutil.Error):
        return process.memory_full_info().pss / 2**20
    return 0.0


def predict(folder: Path, shards: Path, name: str, engine: list[str]) -> list[str]:
    """Return the command that decides the shards into a folder of this name."""
    words = ["predict", str(shards), "-o", str(folder / name), "--catalogue", str(folder / "index"), "--json"]
    return [*(alone() if engine else []), *_CLI, *words, *engine]


def files_of(folder: Path) -> dict[str, str]:
    """Return shard → SHA-256 of its decisions."""
    manifest = json.loads((folder / "_manifest.json").read_text(encoding="utf-8"))
    return {name: row["file_sha256"] for name, row in manifest["shards"].items()}


def times_of(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in files_of(folder)}


def report(name: str, done: Run, clips: int) -> None:
    print(
        f"{name:<22}{done.seconds:>9.1f} s{clips / done.seconds:>9,.0f} clips a second{done.processor:>9.1f} s of the "
        f"processor{done.megabytes:>9,.0f} MB",
        flush=True,
    )


def compare(folder: Path, shards: Path, clips: int, workers: list[int]) -> dict[str, Any]:
    """Decide the shards plainly and by so many workers each; print what each took, and see that all decided alike."""
    for name in ("plain", *(f"ray-{count}" for count in workers)):
        shutil.rmtree(folder / name, ignore_errors=True)
    seconds = {}
    done = run(predict(folder, shards, "plain", []))
    report("plain, one process", done, clips)
    seconds["plain"] = done.seconds
    expected = files_of(folder / "plain")
    for count in workers:
        done = run(predict(folder, shards, f"ray-{count}", ["--engine", "ray", "--workers", str(count)]))
        report(f"Ray, {count} workers", done, clips)
        seconds[f"ray-{count}"] = done.seconds
        assert files_of(folder / f"ray-{count}") == expected, "decisions differ"
    decided = json.loads(done.printed)
    assert decided["clips"] == clips, decided
    print(f"the decisions of {len(expected)} shards, {clips:,} clips, are the same to the byte", flush=True)
    return seconds


def kills(folder: Path, shards: Path, workers: int) -> None:
    """Kill a worker in the middle, then a whole run; see that what was done stays and all decide alike."""
    expected, half = files_of(folder / "plain"), len(files_of(folder / "plain")) // 2
    engine = ["--engine", "ray", "--workers", str(workers)]
    seen: dict[str, int] = {}

    def done_of(name: str) -> dict[str, int]:
        with suppress(FileNotFoundError, ValueError):
            return times_of(folder / name)
        return {}

    def kill_worker(driver: psutil.Process) -> bool:
        if not seen and len(done_of("killed-worker")) >= half:
            seen.update(done_of("killed-worker"))
            workers = [one for one in driver.children(recursive=True) if "ray::MapWorker" in "".join(one.cmdline())]
            workers[0].kill()
        return False

    def kill_driver(driver: psutil.Process) -> bool:
        seen.update(done_of("killed-driver") if len(done_of("killed-driver")) >= half else {})
        return bool(seen)

    for name in ("killed-worker", "killed-driver"):
        shutil.rmtree(folder / name, ignore_errors=True)
    first = run(predict(folder, shards, "killed-worker", engine), kill_worker)
    after = times_of(folder / "killed-worker")
    assert seen, "it was done before a worker could be killed"
    assert {name: after[name] for name in seen} == seen
    assert files_of(folder / "killed-worker") == expected
    print(f"a worker killed after {len(seen)} of {len(expected)} shards: those untouched, all done, the same decisions")
    print(f"  {first.seconds:.1f} s", flush=True)
    seen.clear()
    first = run(predict(folder, shards, "killed-driver", engine), kill_driver)
    seen.update(times_of(folder / "killed-driver"))
    again = run(predict(folder, shards, "killed-driver", engine))
    after, said = times_of(folder / "killed-driver"), json.loads(again.printed)
    assert {name: after[name] for name in seen} == seen
    assert files_of(folder / "killed-driver") == expected
    assert said["done_before"] == len(seen), said
    assert said["decided_now"] == len(expected) - len(seen), said
    print(f"the run killed after {len(seen)} of {len(expected)} shards, and started again: those untouched, the other")
    print(
        f"  {said['decided_now']} done, the same decisions; {first.seconds:.1f} s and {again.seconds:.1f} s", flush=True
    )


def main() -> None:
    """Make what is missing, then run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--shards", type=int, default=64)
    parser.add_argument("--workers", type=int, nargs="+", default=[2])
    parser.add_argument("--kill", action="store_true", help="kill a worker, then a run, besides")
    parser.add_argument("--titles", action="store_true", help="clips without descriptions")
    given = parser.parse_args()
    given.folder = given.folder.absolute()
    given.folder.mkdir(parents=True, exist_ok=True)
    if not (given.folder / "index" / "model" / "manifest.json").exists():
        in_a_process(make_catalogue, given.folder)
    shards = given.folder / f"{given.clips}-{'titles-' if given.titles else ''}in-{given.shards}"
    if not (given.folder / f"{shards.name}.made").exists():
        shutil.rmtree(shards, ignore_errors=True)
        in_a_process(make_shards, shards, given.clips, given.shards, given.titles)
    compare(given.folder, shards, given.clips, given.workers)
    if given.kill:
        kills(given.folder, shards, max(given.workers))


if __name__ == "__main__":
    main()
