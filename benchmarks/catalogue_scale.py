"""What the catalogue costs as it grows: adding, adding again, opening and searching, and the type of its vectors.

    python benchmarks/catalogue_scale.py --folder FOLDER [--clips 10000 100000 1000000] [--parts add again search type]

`add` adds 1,000 new clips to catalogues of several sizes, each time in a new process, step by step as `smf-embed add`
does it; `again` adds 100,000 unchanged rows; `search` opens 100,000 clips of 512 dimensions and looks for the clips
that are similar to one; `type` compares vectors kept as float16 with float32. The filled catalogues stay in FOLDER and
are used again.

Titles, descriptions and vectors of the first three are made up and no encoder is run. A title is the name of a series,
a few words drawn by Zipf's law from a vocabulary without end, and a number: 83,000 titles have 72,000 distinct words
and 176,000 pairs, about as the open benchmark (107,000 and 196,000). 200 channels; a description is a sentence and what
stands under every clip of its channel; 6 of 100 clips are of one of 45 projects, the others `none`.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from smf_embed.threads import limit_threads

_NEW = 1_000
_REPEATS = 5
_CHANNELS, _PROJECTS = 200, 45
_SYLLABLES = [a + b for a in "бвгджзклмнпрстфхцчш" for b in "аеиоуыя"]
_CHUNK = 50_000


def word(rank: int) -> str:
    """Return the word of a rank: three syllables and more, no two ranks alike."""
    rank = rank * 7_919 + 104_729
    syllables = []
    while rank:
        rank, place = divmod(rank, len(_SYLLABLES))
        syllables.append(_SYLLABLES[place])
    return "".join(syllables)


def made_up_clips(start: int, count: int) -> Iterator[dict[str, str]]:
    """Yield clips in the studio's columns; the same number always gives the same clip."""
    for first in range(start - start % _CHUNK, start + count, _CHUNK):
        rng = np.random.default_rng(first)
        ranks = np.minimum(rng.zipf(1.17, size=(_CHUNK, 8)), 10**9).tolist()
        lengths = rng.integers(2, 6, size=_CHUNK).tolist()
        # a series is named by three words, and a few series make most of the clips
        series = np.minimum(rng.zipf(1.3, size=_CHUNK), 10**8).tolist()
        projects = rng.random(_CHUNK)
        for row in range(max(start - first, 0), min(start + count - first, _CHUNK)):
            number, channel = first + row, series[row] % _CHANNELS
            name = " ".join(word(5_000 + 3 * series[row] + place) for place in range(3))
            drawn = [word(rank) for rank in ranks[row]]
            link = " ".join(word(10_000 + 5 * channel + place) for place in range(5))
            tracked = projects[row] < 0.06
            yield {
                "yt_reel_id": hashlib.md5(str(number).encode()).hexdigest()[:11],
                "reel_name": f"{name} {' '.join(drawn[: lengths[row]])} {number % 997}",
                "text": f"{' '.join(drawn)} {number}. Подпишись на {link}! Смотри {link}",
                "cartoon": f"Проект {word(series[row] % _PROJECTS)}" if tracked else "none",
                "seconds": str(60 + number % 600),
                "yt_channel_id": f"UC{channel:022}",
                "yt_channel_name": f"Канал {channel}",
                "language": "ru",
            }


def use_made_up_vectors(dimension: int) -> None:
    """Replace the encoder of this process by vectors of a digest of the text."""
    from smf_embed.encoder import Encoder

    def encode(self: Encoder, texts: list[str], progress: Any = None) -> np.ndarray:
        return made_up_vectors(texts, dimension)

    Encoder.encode = encode  # type: ignore[method-assign]


def made_up_vectors(texts: list[str], dimension: int) -> np.ndarray:
    """Return unit vectors, float32, shape (len(texts), dimension)."""
    raw = b"".join(hashlib.shake_128(text.encode()).digest(dimension) for text in texts)
    vectors = np.frombuffer(raw, dtype=np.int8).reshape(len(texts), dimension).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


# ------------------------------------------------------------------------------------------------------------- filling


def filled(folder: Path, clips: int, dimension: int) -> Path:
    """Return a catalogue of so many clips with its snapshots; made where it is not there."""
    from smf_embed.catalogue import Catalogue
    from smf_embed.neighbours import refresh_snapshots
    from smf_embed.preparation import Preparation
    from smf_embed.text import clean
    from smf_embed.typos import Corrected

    path = folder / f"{clips}-of-{dimension}"
    if (path / "filled").exists():
        return path
    started = time.perf_counter()
    use_made_up_vectors(dimension)
    # no typos are looked for in what is only there to be much
    Preparation.prepare_title = lambda self, title: Corrected(clean(title))  # type: ignore[method-assign]
    with Catalogue(path, create=True) as catalogue, catalogue.writing("add"):
        # without a flush for each batch; what is timed flushes as ever
        catalogue.database.sql.execute("PRAGMA synchronous = OFF")
        catalogue.database.sql.execute("PRAGMA cache_size = -1000000")
        for start in range(0, clips, _CHUNK):
            catalogue.add([as_batch(made_up_clips(start, min(_CHUNK, clips - start)))])
            say(f"filled {min(start + _CHUNK, clips):,} in {time.perf_counter() - started:.0f} s")
        refresh_snapshots(catalogue)
    (path / "filled").touch()
    return path


def as_batch(clips: Iterator[dict[str, str]]) -> Any:
    """Return clips as one batch of a table."""
    from smf_embed.clips import ClipBatch, take_row

    batch = ClipBatch("made up")
    for line, clip in enumerate(clips, 1):
        take_row(batch, "made up", line, clip)
    return batch


def write_table(path: Path, clips: Iterator[dict[str, str]]) -> None:
    first = next(clips)
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        writer.writerows(itertools.chain([first], clips))


# ----------------------------------------------------------------------------------------- measured in its own process


def add(path: Path, table: Path, dimension: int) -> dict[str, Any]:
    """Add a table as `smf-embed add` does; return the seconds of each step."""
    from smf_embed.catalogue import Catalogue
    from smf_embed.clip_tables import iter_clips
    from smf_embed.neighbours import refresh_snapshots

    use_made_up_vectors(dimension)
    seconds: dict[str, Any] = {}
    clock, processor = time.perf_counter(), time.process_time()

    def lap(name: str) -> None:
        nonlocal clock
        seconds[name], clock = time.perf_counter() - clock, time.perf_counter()

    opened = Catalogue(path)
    lap("open")
    with opened, opened.writing("add"):
        opened.learn(iter_clips(table))
        lap("learn")
        report = opened.add(iter_clips(table))
        lap("add")
        refresh_snapshots(opened)
        lap("snapshots")
        len(opened)
    lap("close")
    seconds["whole"] = sum(seconds.values())
    seconds["processor"] = time.process_time() - processor
    return seconds | {"added": report.added, "unchanged": report.unchanged, "texts": report.encoded_texts}


def encode(table: Path) -> dict[str, Any]:
    """Load the built-in encoder and encode the titles and descriptions of a table."""
    from smf_embed.clip_tables import read_clips
    from smf_embed.clips import TEXT_FIELDS
    from smf_embed.encoder import Encoder
    from smf_embed.text import clean

    clips = read_clips(table).clips
    texts = [clean(text) for column in TEXT_FIELDS.values() for text in clips[column].dropna()]
    clock = time.perf_counter()
    Encoder().encode(texts)
    return {"seconds": time.perf_counter() - clock}


def search(path: Path, yt_reel_id: str) -> dict[str, Any]:
    """Open a catalogue and look for similar clips twice; return the seconds."""
    clock = time.perf_counter()
    from smf_embed.catalogue import Catalogue
    from smf_embed.neighbours import similar

    imports = time.perf_counter() - clock
    clock = time.perf_counter()
    with Catalogue(path) as opened:
        open_seconds = time.perf_counter() - clock
        found = similar(opened, yt_reel_id)
        first = time.perf_counter() - clock
    return {"imports": imports, "open": open_seconds, "open and first search": first, "found": len(found)}


def in_new_process(what: str, *words: object) -> dict[str, Any]:
    command = [sys.executable, __file__, "--measure", what, *map(str, words)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)


# -------------------------------------------------------------------------------------------------------------- tables


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def table_of_adds(folder: Path, sizes: list[int]) -> None:
    paths = {size: filled(folder, size, 64) for size in sizes}
    rows: dict[int, list[dict[str, Any]]] = {size: [] for size in sizes}
    encoding = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        table = Path(scratch) / "new.csv"
        # by turns, so that what else the machine does falls on all alike; the first turn reads the files from the disk
        for turn in range(_REPEATS + 1):
            for size, path in paths.items():
                done = int((path / "filled").read_text() or 0)
                write_table(table, made_up_clips(100_000_000 + done * _NEW, _NEW))
                rows[size].append(in_new_process("add", path, table, 64))
                assert rows[size][-1]["added"] == _NEW
                (path / "filled").write_text(str(done + 1))
                say(f"turn {turn}: {size:,} in {rows[size][-1]['whole']:.2f} s")
        encoding = in_new_process("encode", table)["seconds"]
    names = ("open", "learn", "add", "snapshots", "close", "whole", "processor")
    print(f"adding {_NEW:,} new clips, seconds, median of {_REPEATS}; 64 dimensions, no encoder")
    print(f"{'stored':>10}{''.join(f'{name:>11}' for name in names)}{'ratio':>8}")
    first = None
    for size in sizes:
        median = {name: float(np.median([row[name] for row in rows[size][1:]])) for name in names}
        first = first or median["whole"]
        print(f"{size:>10,}{''.join(f'{median[name]:>11.3f}' for name in names)}{median['whole'] / first:>8.2f}")
    print(f"the built-in encoder would add {encoding:.1f} to each: it is loaded, and encodes titles and descriptions")


def table_of_adding_again(folder: Path) -> None:
    path = filled(folder, 100_000, 64)
    print("adding 100,000 unchanged rows again, seconds")
    print(f"{'columns':>10}{'learn':>10}{'add':>10}{'whole':>10}{'unchanged':>11}{'encoded':>9}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        table = Path(scratch) / "again.csv"
        for name, left_out in (("those of before", ()), ("fewer", ("seconds", "language"))):
            clips = made_up_clips(0, 100_000)
            write_table(table, ({key: clip[key] for key in clip if key not in left_out} for clip in clips))
            done = in_new_process("add", path, table, 64)
            print(
                f"{name:>15}{done['learn']:>10.2f}{done['add']:>10.2f}{done['whole']:>10.2f}{done['unchanged']:>11,}"
                f"{done['texts']:>9,}",
                flush=True,
            )


def table_of_searches(folder: Path) -> None:
    path = filled(folder, 100_000, 512)
    identifier = next(made_up_clips(77, 1))["yt_reel_id"]
    rows = [in_new_process("search", path, identifier) for _ in range(_REPEATS + 1)][1:]
    print(f"similar clips of one of 100,000 in a new process, seconds, median of {_REPEATS}; 512 dimensions")
    for name in ("imports", "open", "open and first search"):
        print(f"{name:>24}{np.median([row[name] for row in rows]):>8.3f}", flush=True)


def table_of_types() -> None:
    from sklearn.metrics import f1_score

    from smf_embed import vector_store
    from smf_embed.clip_tables import read_clips
    from smf_embed.clips import LABEL, TITLE
    from smf_embed.database import Database, create_database
    from smf_embed.datasets import make_demo
    from smf_embed.encoded_clips import text_digest
    from smf_embed.encoder import Encoder
    from smf_embed.text import clean

    clips = read_clips(make_demo(0.1).train).clips.dropna(subset=[TITLE, LABEL])
    titles = [clean(title) for title in clips[TITLE]]
    labels = clips[LABEL].to_numpy()
    texts = list(dict.fromkeys(titles))
    places = {text: place for place, text in enumerate(texts)}
    rows = np.array([places[title] for title in titles])
    exact = Encoder().encode(texts)
    print(
        f"vectors of {len(texts):,} titles of {len(titles):,} clips of the demo, built-in encoder; best of {_REPEATS}"
    )
    print(
        f"{'kept as':>10}{'file MB':>9}{'write s':>9}{'read s':>8}{'largest error of a cosine':>27}"
        f"{'k-NN macro-F1':>15}"
    )
    for name in ("<f4", "<f2"):
        vector_store._STORED_TYPE = np.dtype(name)  # type: ignore[misc]
        writes, reads = [], []
        for _ in range(_REPEATS):
            with tempfile.TemporaryDirectory() as folder:
                create_database(Path(folder), {"encoder": "", "fingerprint": "x", "fingerprint_parts": ""})
                database = Database(Path(folder))
                store = vector_store.VectorStore(database.sql, "x", database.path)
                clock = time.perf_counter()
                with database.transaction("add"):
                    keys = store.put([text_digest(text) for text in texts], exact)
                writes.append(time.perf_counter() - clock)
                clock = time.perf_counter()
                vectors = store.vectors(keys)
                reads.append(time.perf_counter() - clock)
                size = database.path.stat().st_size
                database.close()
        error = max(
            np.abs(vectors[start : start + 500] @ vectors.T - exact[start : start + 500] @ exact.T).max()
            for start in range(0, len(texts), 500)
        )
        score = f1_score(labels, decided_by_neighbours(vectors[rows], labels), average="macro")
        print(
            f"{np.dtype(name).name:>10}{size / 1e6:>9.1f}{min(writes):>9.2f}{min(reads):>8.3f}{error:>27.6f}"
            f"{score:>15.4f}",
            flush=True,
        )


def decided_by_neighbours(vectors: np.ndarray, labels: np.ndarray, k: int = 10) -> np.ndarray:
    """Return the label that most similarity speaks for among the k nearest others of each clip."""
    names, codes = np.unique(labels, return_inverse=True)
    decided = []
    for start in range(0, len(vectors), 500):
        cosines = vectors[start : start + 500] @ vectors.T
        cosines[np.arange(len(cosines)), np.arange(start, start + len(cosines))] = -np.inf
        nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
        votes = np.zeros((len(cosines), len(names)))
        np.add.at(votes, (np.arange(len(cosines))[:, None], codes[nearest]), np.take_along_axis(cosines, nearest, 1))
        decided += votes.argmax(axis=1).tolist()
    return names[decided]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--clips", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--parts", nargs="+", default=["add", "again", "search", "type"])
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    limit_threads()
    if given.measure:
        what, path, *words = given.measure
        if what == "add":
            result = add(Path(path), Path(words[0]), int(words[1]))
        else:
            result = encode(Path(path)) if what == "encode" else search(Path(path), words[0])
        print(json.dumps(result))
        return
    if given.folder is None:
        parser.error("--folder is missing")
    given.folder.mkdir(parents=True, exist_ok=True)
    if "add" in given.parts:
        table_of_adds(given.folder, given.clips)
    if "again" in given.parts:
        table_of_adding_again(given.folder)
    if "search" in given.parts:
        table_of_searches(given.folder)
    if "type" in given.parts:
        table_of_types()


if __name__ == "__main__":
    main()
