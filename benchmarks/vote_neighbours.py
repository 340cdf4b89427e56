"""How many of the nearest labelled clips the votes find, and how fast, beside an exact search of the same clips.

    python benchmarks/vote_neighbours.py CATALOGUE [--queries 3000]

Each labelled clip that is asked about is left out of the clips that are searched. A neighbour counts as found when one
that is as near is found in its place.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import faiss
import numpy as np

from smf_embed import Catalogue
from smf_embed.threads import limit_threads, thread_count
from smf_embed.votes import NEIGHBOURS, VOTES_AT, FieldVotes


def centred(vectors: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return vectors of unit length as seen from the centre."""
    moved = vectors - centre
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def main() -> None:
    """Print a table: a row for each field and way of searching."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--queries", type=int, default=3000)
    options = parser.parse_args()
    limit_threads()
    with Catalogue(options.catalogue) as catalogue:
        clips = catalogue.labelled()
    print(f"{thread_count()} threads\n{'field':<14}{'search':<10}{'vectors':>9}{'queries/s':>11}{'one, ms':>9}  recall")
    for field, vectors in clips.vectors.items():
        order = np.random.default_rng(0).permutation(np.flatnonzero(vectors.any(axis=1)))
        asked, known = vectors[order[: options.queries]], vectors[order[options.queries :]]
        if not len(known):
            continue
        nobody = np.zeros(len(known), dtype=int)
        votes = FieldVotes(known, nobody, nobody, 2)
        exact = faiss.IndexFlatIP(known.shape[1])
        exact.add(centred(known, votes.centre))

        def exactly(
            vectors: np.ndarray, index: faiss.Index = exact, centre: np.ndarray = votes.centre
        ) -> tuple[np.ndarray, np.ndarray]:
            return index.search(centred(vectors, centre), NEIGHBOURS)

        reached, _ = exactly(asked)
        for name, search in (("exact", exactly), ("votes", votes.nearest)):
            started = time.perf_counter()
            similarity, _ = search(asked)
            speed = len(asked) / (time.perf_counter() - started)
            seconds = []
            for row in range(50):
                started = time.perf_counter()
                search(asked[row : row + 1])
                seconds.append(time.perf_counter() - started)
            recall = ", ".join(
                f"{np.mean(similarity[:, :count] >= reached[:, count - 1 : count] - 1e-6):.4f} at {count}"
                for count in VOTES_AT
            )
            line = f"{field:<14}{name:<10}{len(known):>9,}{speed:>11,.0f}{1000 * np.median(seconds):>9.1f}  {recall}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
