"""Does a catalogue outlive kill -9? Writers are killed at random moments, and what is left is compared with the truth.

    python benchmarks/kill_test.py [--kills 200] [--seed N] [--clips 5000] [--folder FOLDER]

Each round takes a catalogue, lets a process add, remove, change the encoder, change the kind of index or write
snapshots, and kills it: half of the time after a random time, else right before or after one of the calls that matter
(a file renamed, flushed or removed, a transaction begun or committed, a log emptied), drawn at random. The process
tells what it has committed by a file that it flushes after each batch. Then, in this process:

- every clip that was reported is there as it was reported, none twice, and of the batch in flight all or nothing;
- the similar clips of some are those that comparing with all vectors of the truth gives, and so are their cosines;
- `doctor` finds nothing wrong and leaves no half-made file;
- the same work, begun again and maybe killed again, ends in what it would have ended in without a kill.

The encoders take no time: a vector is drawn from a digest of the text. Prints the kills by work and the seed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("SMF_EMBED_THREADS", "1")  # also: a process that has threads cannot be forked

import numpy as np
import pandas as pd

from smf_embed.catalogue import FILE_NAME, Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.doctor import examine
from smf_embed.encoder import Encoder
from smf_embed.neighbours import Neighbours, refresh_snapshots, reindex_kind, similar
from smf_embed.reencoding import reencode

_DIMENSION = 32
_BATCHES = 15
_PROBES = 3
_MOST_SECONDS = 120
_LEAST_RECALL = 0.9
_COLUMNS = ["yt_reel_id", "reel_name", "text", "cartoon"]

#: Clip → title, description, label.
Truth = dict[str, tuple[str, str | None, str | None]]


class KillTestError(AssertionError):
    """What a kill has broken."""


# ------------------------------------------------------------------------------------------------- encoders of no time

_vectors: dict[tuple[str, str], np.ndarray] = {}


def vector_of(encoder: str, text: str) -> np.ndarray:
    """Return the vector of a text, rounded as the catalogue keeps it."""
    found = _vectors.get((encoder, text))
    if found is None:
        seed = int.from_bytes(hashlib.sha256(f"{encoder} {text}".encode()).digest()[:8], "little")
        vector = np.random.default_rng(seed).normal(size=_DIMENSION)
        found = (vector / np.linalg.norm(vector)).astype(np.float16).astype(np.float32)
        _vectors[encoder, text] = found
    return found


@contextmanager
def quick_encoders() -> Iterator[None]:
    """Let any name be the name of an encoder that takes no time."""
    encode, parts = Encoder.encode, Encoder.__dict__["fingerprint_parts"]

    def quickly(self: Encoder, texts: Any, progress: Any = None) -> np.ndarray:
        return np.array([vector_of(self.name, text) for text in texts], dtype=np.float32).reshape(-1, _DIMENSION)

    Encoder.encode = quickly  # type: ignore[method-assign]
    Encoder.fingerprint_parts = property(lambda self: {"weights": self.name})  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        Encoder.encode, Encoder.fingerprint_parts = encode, parts  # type: ignore[method-assign]


# ------------------------------------------------------------------------------------------------------------- the work


def clip(number: int, version: int = 0) -> tuple[str, tuple[str, str | None, str | None]]:
    """Return a clip that is the same for the same numbers."""
    title = f"title {number}" if not version else f"title {number} of version {version}"
    description = f"words of clip {number}" if number % 10 == 0 else None
    return f"id{number}", (title, description, ("Буба", "none", None)[number % 3])


def table(clips: Truth) -> pd.DataFrame:
    """Return clips as a table of the studio."""
    return pd.DataFrame([(key, *value) for key, value in clips.items()], columns=_COLUMNS)


class Work:
    """Something that a writer does to a catalogue of `clips` clips.

    Attributes
    ----------
    states : list of dict
        What may be stored after 0, 1, 2, … batches.
    """

    name = ""

    def __init__(self, clips: int) -> None:
        self.before: Truth = dict(clip(number) for number in range(clips))
        self.states: list[Truth] = [self.before]
        self.encoders = ["fake one"]

    def prepare(self, folder: Path) -> None:
        """Change the catalogue that the work begins with."""

    def do(self, folder: Path, report: Callable[[], None]) -> None:
        """Do it, and call `report` after each batch that is committed."""
        raise NotImplementedError

    def check_done(self, catalogue: Catalogue) -> None:
        """See that nothing is left to be done."""


class Adding(Work):
    """A table with new clips and changed ones."""

    name = "add"

    def __init__(self, clips: int) -> None:
        super().__init__(clips)
        changed = dict(clip(number, version=1) for number in range(0, clips // 10))
        new = dict(clip(number) for number in range(clips, clips + clips // 5))
        self.rows = list({**changed, **new}.items())
        self.size = -(-len(self.rows) // _BATCHES)
        for start in range(0, len(self.rows), self.size):
            self.states.append(self.states[-1] | dict(self.rows[start : start + self.size]))

    def do(self, folder: Path, report: Callable[[], None]) -> None:
        frame = table(dict(self.rows))
        with Catalogue(folder, create=True, encoder="fake one") as catalogue, catalogue.writing("add"):
            catalogue.learn(iter_clips(frame, batch_rows=self.size))
            catalogue.add(iter_clips(frame, batch_rows=self.size), lambda *_: report())
            refresh_snapshots(catalogue)


class AddingToNothing(Adding):
    """The same where no catalogue is yet."""

    name = "first add"

    def __init__(self, clips: int) -> None:
        super().__init__(clips)
        self.rows = list(self.before.items())
        self.size = -(-len(self.rows) // _BATCHES)
        self.states = [{}]
        for start in range(0, len(self.rows), self.size):
            self.states.append(dict(self.rows[: start + self.size]))

    def prepare(self, folder: Path) -> None:
        shutil.rmtree(folder)


class Removing(Work):
    """Clips removed in batches, and snapshots that follow."""

    name = "remove"

    def __init__(self, clips: int) -> None:
        super().__init__(clips)
        ids = [key for key in self.before if key.endswith(("3", "5", "8"))]
        self.batches = [ids[start::_BATCHES] for start in range(_BATCHES)]
        for batch in self.batches:
            gone = set(batch)
            self.states.append({key: value for key, value in self.states[-1].items() if key not in gone})

    def do(self, folder: Path, report: Callable[[], None]) -> None:
        with Catalogue(folder) as catalogue:
            for batch in self.batches:
                catalogue.remove(batch)
                report()
            with catalogue.writing("remove"):
                refresh_snapshots(catalogue)


class Reencoding(Work):
    """Another encoder."""

    name = "reindex --encoder"

    def __init__(self, clips: int) -> None:
        super().__init__(clips)
        self.encoders = ["fake one", "fake two"]

    def do(self, folder: Path, report: Callable[[], None]) -> None:
        with Catalogue(folder) as catalogue, catalogue.writing("reindex"):
            reencode(catalogue, "fake two")
            report()
            refresh_snapshots(catalogue)

    def check_done(self, catalogue: Catalogue) -> None:
        expect(catalogue.encoder.name == "fake two", f"the encoder is {catalogue.encoder.name}")


class Reindexing(Work):
    """Another kind of index."""

    name = "reindex --index"
    kind = "HNSW16"

    def do(self, folder: Path, report: Callable[[], None]) -> None:
        with Catalogue(folder) as catalogue, catalogue.writing("reindex"):
            reindex_kind(catalogue, self.kind)
            report()

    def check_done(self, catalogue: Catalogue) -> None:
        expect(catalogue.index_kind == self.kind, f"the kind is {catalogue.index_kind}")


class ReindexingBack(Reindexing):
    """Lists instead of a graph."""

    kind = "IVF16,Flat"

    def prepare(self, folder: Path) -> None:
        with Catalogue(folder) as catalogue:
            reindex_kind(catalogue, "HNSW16")


class Saving(Work):
    """Snapshots alone, over others that are outdated."""

    name = "snapshots"

    def prepare(self, folder: Path) -> None:
        with Catalogue(folder) as catalogue:
            catalogue.remove([key for key in self.before if key.endswith("7")])
        self.states = [{key: value for key, value in self.before.items() if not key.endswith("7")}]

    def do(self, folder: Path, report: Callable[[], None]) -> None:
        with Catalogue(folder) as catalogue:
            for field in ("title", "description") * 3:
                Neighbours(catalogue, field).save()


ALL_WORK = (Adding, AddingToNothing, Removing, Reencoding, Reindexing, ReindexingBack, Saving)


# -------------------------------------------------------------------------------------------------------------- killing


class Moments:
    """Counts the calls of this process that matter, and kills it at one of them."""

    def __init__(self, kill_at: int) -> None:
        self.seen = 0
        self._kill_at = kill_at
        for name in ("replace", "fsync", "unlink"):
            self._watch(os, name)
        connect = sqlite3.connect

        def connect_and_watch(*words: Any, **options: Any) -> sqlite3.Connection:
            sql = connect(*words, **options)
            sql.set_trace_callback(self._statement)
            return sql

        sqlite3.connect = connect_and_watch

    def _watch(self, owner: Any, name: str) -> None:
        work = getattr(owner, name)

        def watched(*words: Any, **options: Any) -> Any:
            self._pass()
            result = work(*words, **options)
            self._pass()
            return result

        setattr(owner, name, watched)

    def _statement(self, statement: str) -> None:
        if statement.startswith(("BEGIN", "COMMIT", "PRAGMA wal", "PRAGMA busy", "DELETE", "UPDATE meta", "PRAGMA j")):
            self._pass()

    def _pass(self) -> None:
        if self.seen == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.seen += 1


class Worker:
    """A process that does some work.

    Parameters
    ----------
    work : Work
    folder : Path
    note : Path
        File of what was reported: a line a batch, and at the end the moments that were passed.
    kill_at : int
        The moment at which the process kills itself; -1 for none.
    """

    def __init__(self, work: Work, folder: Path, note: Path, kill_at: int = -1) -> None:
        self.note = note
        note.write_text("")
        self.started = time.monotonic()
        self.pid = os.fork()
        if self.pid:
            return
        code = 1
        try:
            code = self._run(work, folder, kill_at)
        except BaseException as error:
            print(f"{work.name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)

    def _run(self, work: Work, folder: Path, kill_at: int) -> int:
        flush = os.fsync
        with open(self.note, "a", encoding="utf-8") as file:

            def report(line: str = "batch") -> None:
                file.write(f"{line}\n")
                file.flush()
                flush(file.fileno())

            moments = Moments(kill_at)
            work.do(folder, report)
            report(f"end {moments.seen}")
        return 0

    def kill_after(self, seconds: float) -> None:
        """Kill it, if it is still there then."""
        until = self.started + seconds
        while time.monotonic() < until:
            time.sleep(max(0.0, min(0.002, until - time.monotonic())))
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> tuple[bool, int, int]:
        """Wait for its end; return whether it was killed, the batches that it reported, and the moments it passed."""
        _, status = os.waitpid(self.pid, 0)
        self.seconds = time.monotonic() - self.started
        lines = self.note.read_text(encoding="utf-8").splitlines()
        batches = sum(line == "batch" for line in lines)
        moments = int(lines[-1].partition(" ")[2]) if lines and lines[-1].startswith("end ") else 0
        killed = os.WIFSIGNALED(status)
        expect(killed or os.WEXITSTATUS(status) == 0, "the work failed")
        return killed, batches, moments


# ------------------------------------------------------------------------------------------------------------- checking


def expect(right: bool, problem: str) -> None:
    if not right:
        raise KillTestError(problem)


def stored_clips(catalogue: Catalogue) -> Truth:
    """Return what a catalogue holds, after a look at the tables themselves."""
    found: Truth = {}
    count = 0
    for batch in catalogue.clip_batches(4096):
        for row in batch:
            count += 1
            found[row["yt_reel_id"]] = (row["reel_name"], row["description"], row["cartoon"])
    expect(count == len(found) == len(catalogue), "a clip is there twice")
    return found


def check(work: Work, folder: Path, least: int, most: int, rng: random.Random) -> int:
    """Compare a catalogue with the truth; return how many batches of the work it holds."""
    if not (folder / FILE_NAME).exists():
        expect(least == 0 and not work.states[0], "the catalogue is gone")
        return 0
    reached = _check_contents(work, folder, least, most, rng)
    findings = examine(folder)
    expect(not findings, f"doctor found {findings}")
    hidden = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    expect(not hidden, f"left behind: {hidden}")
    return _check_contents(work, folder, reached, reached, rng)


def _check_contents(work: Work, folder: Path, least: int, most: int, rng: random.Random) -> int:
    with Catalogue(folder) as catalogue:
        found = stored_clips(catalogue)
        reached = next((batches for batches, state in enumerate(work.states) if state == found), None)
        if reached is None:
            raise KillTestError(f"{len(found)} clips, which is no state between two batches")
        expect(least <= reached <= most, f"{reached} batches are stored, {least} to {most} were expected")
        expect(catalogue.encoder.name in work.encoders, f"encoder {catalogue.encoder.name}")
        for field, column in (("title", 0), ("description", 1)):
            _check_search(catalogue, field, {key: value[column] for key, value in found.items()}, rng)
        labels = catalogue.database.sql.execute("SELECT count(*) FROM labels").fetchone()[0]
        expect(labels == sum(value[2] is not None for value in found.values()), "a label is there twice")
    return reached


def _check_search(catalogue: Catalogue, field: str, texts: dict[str, str | None], rng: random.Random) -> None:
    """Compare the neighbours of some clips with those that all vectors of the truth give."""
    ids = [key for key, text in texts.items() if text]
    if not ids:
        return
    vectors = np.array([vector_of(catalogue.encoder.name, str(texts[key])) for key in ids])
    probes = rng.sample(range(len(ids)), min(_PROBES, len(ids)))
    stored = catalogue.stored([ids[row] for row in probes])
    expect(np.array_equal(stored.vectors[field], vectors[probes]), f"vectors of {field} are not those of the texts")
    index = Neighbours(catalogue, field)
    expect(len(index) == len(set(filter(None, texts.values()))), f"the index of {field} has {len(index)} texts")
    keys, cosines = index.search(vectors[probes], 10)
    names = {row[f"{field}_vector"]: row["yt_reel_id"] for row in catalogue.clips_with_vectors(field, keys.ravel())}
    right = 0
    for row, probe in enumerate(probes):
        truth = vectors @ vectors[probe]
        nearest = [ids[place] for place in np.argsort(-truth, kind="stable")[:10]]
        found = [names[key] for key in keys[row] if key >= 0]
        expect(found[0] == ids[probe], f"{ids[probe]} is not the nearest of its own {field}")
        places = {name: place for place, name in enumerate(ids)}
        expected = truth[[places[name] for name in found]]
        expect(np.allclose(cosines[row][: len(found)], expected, atol=1e-5), f"wrong cosines of {field}")
        if catalogue.index_kind == "Flat":
            expect(found == nearest, f"neighbours of {ids[probe]} by {field} are {found}, not {nearest}")
        right += len(set(found) & set(nearest))
        if field == "title":
            listed = [one["yt_reel_id"] for one in similar(catalogue, ids[probe], k=9)]
            expect(catalogue.index_kind != "Flat" or listed == nearest[1:], "similar clips are others")
    expect(right >= _LEAST_RECALL * min(10, len(ids)) * len(probes), f"of {field} too few neighbours are found")


def learned(folder: Path) -> list[Any]:
    """Return the words and the boilerplate that a catalogue has learned."""
    with Catalogue(folder) as catalogue:
        sql = catalogue.database.sql
        words = sql.execute("SELECT word, texts FROM words ORDER BY 1").fetchall()
        return words + sql.execute("SELECT channel, kind, digest, seen FROM boilerplate ORDER BY 1, 2, 3").fetchall()


# ---------------------------------------------------------------------------------------------------------- the rounds


class Round:
    """One kind of work with the catalogue that it begins with, timed once without a kill."""

    def __init__(self, work: Work, base: Path, folder: Path) -> None:
        self.work, self.folder = work, folder
        self.start = folder / f"before {type(work).__name__}"
        shutil.copytree(base, self.start)
        work.prepare(self.start)
        self.seconds, self.moments = 0.0, 0
        place = self._fresh()
        worker = Worker(work, place, folder / "note")
        killed, _, self.moments = worker.wait()
        expect(not killed and self.moments > 0, f"{work.name} did not end")
        self.seconds = worker.seconds
        check(work, place, len(work.states) - 1, len(work.states) - 1, random.Random(0))
        self.learned = learned(place)

    def _fresh(self) -> Path:
        place = self.folder / "index"
        shutil.rmtree(place, ignore_errors=True)
        if self.start.exists():
            shutil.copytree(self.start, place)
        return place

    def run(self, rng: random.Random, most_kills: int) -> Counter[str]:
        """Kill the work, maybe again when it goes on, and let it come to its end; return the kills."""
        work, kills, reached, last = self.work, Counter[str](), 0, len(self.work.states) - 1
        place = self._fresh()
        while True:
            how = rng.choice(["in time", "at a call"]) if kills.total() < most_kills else ""
            if kills.total() and rng.random() < 0.6:
                how = ""
            moment = rng.randrange(self.moments) if how == "at a call" else -1
            worker = Worker(work, place, self.folder / "note", moment)
            if how == "in time":
                worker.kill_after(rng.random() * self.seconds)
            killed, reported, _ = worker.wait()
            expect(worker.seconds < _MOST_SECONDS, "too slow")
            kills[how] += killed
            if last:
                # a batch that was stored before is reported again
                least = max(reached, reported)
                reached = check(work, place, least, min(least + 1, last) if killed else last, rng)
            else:
                check(work, place, 0, 0, rng)
            if not killed and not how:
                break
        expect(reached == last, f"{reached} of {last} batches at the end")
        with Catalogue(place) as catalogue:
            work.check_done(catalogue)
        expect(learned(place) == self.learned, "other words or boilerplate were learned than without a kill")
        return kills


def run(kills: int, seed: int, clips: int, folder: Path, say: Callable[[str], None] = print) -> Counter[str]:
    """Kill writers so many times; return the kills by work and by way.

    Raises
    ------
    KillTestError
        At the first thing that a kill has broken. The catalogue is in `folder`.
    """
    rng = random.Random(seed)
    total: Counter[str] = Counter()
    with quick_encoders():
        base = folder / "base"
        with Catalogue(base, create=True, encoder="fake one") as catalogue:
            catalogue.add(iter_clips(table(dict(clip(number) for number in range(clips)))))
            refresh_snapshots(catalogue)
        rounds = [Round(kind(clips), base, folder) for kind in ALL_WORK]
        for one in rounds:
            say(f"{one.work.name}: {one.seconds:.2f} s and {one.moments:,} moments without a kill")
        done = 0
        while done < kills:
            # each kind of work in turn, in an order of its own
            for one in rng.sample(rounds, len(rounds)):
                if done >= kills:
                    break
                try:
                    found = one.run(rng, kills - done)
                except KillTestError as error:
                    raise KillTestError(f"{one.work.name}, after {done} kills of seed {seed}: {error}") from error
                done += found.total()
                for how, count in found.items():
                    if how:
                        total[f"{one.work.name}, {how}"] += count
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--clips", type=int, default=5_000)
    parser.add_argument("--folder", type=Path, default=None, help="is kept; a temporary one otherwise")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        found = run(options.kills, seed, options.clips, options.folder or Path(temporary))
    facts = {"kills": found.total(), "seed": seed, "clips": options.clips}
    print(json.dumps(facts | {"seconds": round(time.monotonic() - started)} | dict(sorted(found.items())), indent=2))


if __name__ == "__main__":
    main()
