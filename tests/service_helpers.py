"""What the tests of the service share: a desk that encodes in no time, and a client of its API."""

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from smf_embed.encoder import Encoder

DIMENSION = 512


def quick_vector(text: str) -> np.ndarray:
    """A vector of the built-in encoder's length that is drawn from the text."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    vector = np.random.default_rng(seed).normal(size=DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def encode_quickly(self: Encoder, texts, progress=None) -> np.ndarray:
    return np.array([quick_vector(text) for text in texts], dtype=np.float32).reshape(len(texts), DIMENSION)


@contextmanager
def running(*words: object, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `smf-embed serve` on a free port; yields the process and the address."""
    command = [sys.executable, "-m", "smf_embed.cli", "serve", "--port", "0", *map(str, words)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"} | variables
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        told = []
        for line in process.stderr:
            told.append(line)
            found = re.search(r"listening on (http://\S+?)[; ]", line)
            if found:
                yield process, found[1]
                break
        else:
            raise AssertionError("".join(told))
    finally:
        process.kill()
        process.communicate()


def ids_of(folder: Path) -> tuple[list[str], list[str]]:
    """Ids of the labelled clips of a catalogue, and of the others."""
    from smf_embed.catalogue import Catalogue

    with Catalogue(folder) as catalogue:
        rows = catalogue.database.sql.execute("SELECT yt_reel_id, project FROM clips ORDER BY clip_key").fetchall()
    return [row[0] for row in rows if row[1]], [row[0] for row in rows if not row[1]]
