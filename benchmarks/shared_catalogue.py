"""What a shared catalogue costs beside one in a file: adding, preparing, labelling, two writers, a server far away.

    python benchmarks/shared_catalogue.py postgresql://USER@HOST:PORT/EMPTY_DB [--clips 10000] [--delay 0 1]

The clips are invented, and the encoder takes no time (a vector of 512 numbers is drawn for each text), so that what is
measured is the database and what the program does around it. With `--delay`, the connection goes through a line that
holds back each way for half of so many milliseconds, as a network would. The schema `smf_embed` of the database is
dropped between the runs. Prints a table: seconds on the clock and of this process' processor.
"""

from __future__ import annotations

import argparse
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

os.environ.setdefault("SMF_EMBED_THREADS", "1")

import numpy as np
import pandas as pd

from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.datasets import make_demo
from smf_embed.encoder import Encoder

_DIMENSION = 512
_PREPARED, _LABELLED = 2_000, 500


def draw(self: Encoder, texts: list[str], progress: object = None) -> np.ndarray:
    vectors = np.random.default_rng(len(texts)).normal(size=(len(texts), _DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--delay", type=float, nargs="*", default=[0.0, 1.0], metavar="MS")
    parser.add_argument("--writer", nargs=2, metavar=("TABLE", "PLACE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    Encoder.encode = draw  # type: ignore[method-assign,assignment]
    if options.writer:
        _write(*options.writer)
        return
    clips = make_demo(options.clips / 83_000, 0).train.drop(columns="cartoon_true").head(options.clips)
    print(f"{'':<22}" + "".join(f"{name:>22}" for name in _STEPS))
    with tempfile.TemporaryDirectory() as folder:
        _show("SQLite", _measure(str(Path(folder) / "file"), clips))
        for delay in options.delay:
            parts = urlsplit(options.address)
            port = _delayed(parts.hostname or "127.0.0.1", parts.port or 5432, delay / 2_000)
            address = options.address.replace(parts.netloc, f"{parts.username}@127.0.0.1:{port}")
            address += f"?cache={folder}/{port}"
            _drop(options.address)
            _show(f"PostgreSQL, {delay:g} ms away", _measure(address, clips))
        for writers in (1, 2):
            _drop(options.address)
            address = f"{options.address}?cache={folder}/{writers}"
            with Catalogue(address, create=True):
                pass
            size = len(clips) // writers
            for number in range(writers):
                clips.iloc[number * size : (number + 1) * size].to_parquet(f"{folder}/{number}.parquet")
            clock = time.perf_counter()
            command = [sys.executable, __file__, options.address, "--writer"]
            begun = [subprocess.Popen([*command, f"{folder}/{number}.parquet", address]) for number in range(writers)]
            assert all(process.wait() == 0 for process in begun)
            seconds = time.perf_counter() - clock
            with Catalogue(address) as catalogue:
                assert len(catalogue) == size * writers
            print(f"{writers} writers, {size * writers:,} clips in all, in batches of 500: {seconds:.1f} s")


_STEPS = ("add", "add again", "prepare 2,000", "label 500", "read all")


def _measure(place: str, clips: pd.DataFrame) -> list[tuple[float, float]]:
    taken = []

    def step(what: Callable[[], object]) -> None:
        clock, processor = time.perf_counter(), time.process_time()
        what()
        taken.append((time.perf_counter() - clock, time.process_time() - processor))

    with Catalogue(place, create=True) as catalogue:
        step(lambda: catalogue.add(iter_clips(clips)))
        step(lambda: catalogue.add(iter_clips(clips)))
    with Catalogue(place) as catalogue:
        new = clips.head(_PREPARED).assign(yt_reel_id=lambda table: "new" + table["yt_reel_id"].str[:8])
        new["reel_name"] = new["reel_name"].fillna("") + " Лунтк"
        table = [clip for batch in iter_clips(new) for clip in batch.clips]
        step(lambda: catalogue.encoded(table))
        step(lambda: catalogue.label(clips["yt_reel_id"].tolist()[:_LABELLED], "Another"))
        step(catalogue.labelled)
    return taken


def _write(table: str, place: str) -> None:
    with Catalogue(place) as catalogue:
        catalogue.add(iter_clips(table, batch_rows=500))


def _show(name: str, taken: list[tuple[float, float]]) -> None:
    print(f"{name:<22}" + "".join(f"{f'{clock:.1f} ({processor:.1f})':>22}" for clock, processor in taken), flush=True)


def _drop(address: str) -> None:
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS smf_embed CASCADE")


def _delayed(host: str, port: int, seconds: float) -> int:
    """Return a port on this machine behind which the other is, so many seconds away each way."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            near, _ = listening.accept()
            far = socket.create_connection((host, port))
            for one, other in ((near, far), (far, near)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                held: queue.Queue[tuple[float, bytes]] = queue.Queue()
                threading.Thread(target=_take, args=(one, held, seconds), daemon=True).start()
                threading.Thread(target=_give, args=(other, held), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return int(listening.getsockname()[1])


def _take(one: socket.socket, held: queue.Queue[tuple[float, bytes]], seconds: float) -> None:
    while data := one.recv(1 << 16):
        held.put((time.perf_counter() + seconds, data))
    held.put((0.0, b""))


def _give(other: socket.socket, held: queue.Queue[tuple[float, bytes]]) -> None:
    while (item := held.get())[1]:
        time.sleep(max(0.0, item[0] - time.perf_counter()))
        other.sendall(item[1])
    other.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
