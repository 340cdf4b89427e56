"""Kinds of index on made-up vectors: ours beside plain FAISS of the same string, in one run.

    python benchmarks/index_kinds.py [--vectors 200000] [--dimension 512] [--kinds Flat HNSW32 ...]

Vectors lie in clusters, as titles of series do. Plain FAISS is given the number of lists or candidates that ours was
tuned to, so that the two differ in what ours adds; ours spends some of its build on the tuning. Recall at 10 is against
an exact search, for new vectors that are in no index. Adding and removing are of 1,000 vectors.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import faiss
import numpy as np

from smf_embed.index_choice import choose
from smf_embed.threads import thread_count
from smf_embed.vector_index import VectorIndex

_K = 10
_HEADER = (
    f"{'':<22}{'build s':>9}{'MB':>8}{'recall':>8}{'p50 ms':>8}{'p99 ms':>8}{'1,000 s':>9}{'effort':>8}{'add ms':>8}"
    f"{'remove':>8}"
)


def clustered(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    """Return vectors of unit length in clusters of about a hundred, float32, shape (count, dimension)."""
    rng = np.random.default_rng(seed)
    # nearby clusters, too: the centres lie in a space of few dimensions
    plane = rng.normal(size=(32, dimension)).astype(np.float32)
    centres = rng.normal(size=(max(2, count // 100), 32)).astype(np.float32) @ plane
    vectors = np.empty((count, dimension), dtype=np.float32)
    for start in range(0, count, 10_000):
        part = vectors[start : start + 10_000]
        # clusters differ in how tight they are
        cluster = rng.integers(0, len(centres), size=len(part))
        spread = (3 + 3 * (cluster % 3))[:, None].astype(np.float32)
        part[:] = centres[cluster] + spread * rng.normal(size=part.shape).astype(np.float32)
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


def seconds_of(work: Callable[[], Any]) -> float:
    """Return how long a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def row(
    name: str,
    build: float,
    size: float,
    search: Callable[[np.ndarray], np.ndarray],
    queries: np.ndarray,
    true: np.ndarray,
) -> str:
    """Return a row of the table: what `search`, which returns keys, does on the queries."""
    found = search(queries)
    batch = seconds_of(lambda: search(queries))
    single = 1000 * np.array([seconds_of(lambda query=query: search(query)) for query in queries[:, None][:300]])
    recall = np.mean([len(set(a) & set(b)) / _K for a, b in zip(found.tolist(), true.tolist(), strict=True)])
    p50, p99 = np.percentile(single, [50, 99])
    return f"{name:<22}{build:>9.1f}{size / 2**20:>8.0f}{recall:>8.3f}{p50:>8.2f}{p99:>8.2f}{batch:>9.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=200_000)
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--kinds", nargs="+", default=["Flat", "HNSW32", "IVF1024,SQ8", "IVF1024,Flat"])
    parser.add_argument("--latency", type=float, help="Choose a kind that answers in so many milliseconds, too.")
    given = parser.parse_args()

    every = clustered(given.vectors + 2_000, given.dimension)
    every = every[np.random.default_rng(1).permutation(len(every))]
    vectors, queries, extra = every[:-2_000], every[-2_000:-1_000], every[-1_000:]
    keys = np.arange(len(vectors), dtype=np.int64)
    faiss.omp_set_num_threads(thread_count())
    _, true = faiss.knn(queries, vectors, _K, metric=faiss.METRIC_INNER_PRODUCT)
    print(f"{len(vectors):,} vectors of {given.dimension}, {thread_count()} threads, FAISS {faiss.__version__}")
    print(_HEADER, flush=True)
    for kind in given.kinds:
        started = time.perf_counter()
        ours = VectorIndex.build(kind, keys, vectors)
        built = time.perf_counter() - started
        line = row(
            ours.built_as, built, ours.nbytes, lambda queries, ours=ours: ours.search(queries, _K)[0], queries, true
        )
        effort = ours._effort()
        adding = seconds_of(lambda ours=ours: ours.add(keys[:1_000] + len(keys), extra))
        removing = seconds_of(lambda ours=ours: ours.remove(keys[:1_000] + len(keys)))
        print(f"{line}{effort:>8}{1000 * adding:>8.0f}{1000 * removing:>8.0f}", flush=True)

        started = time.perf_counter()
        plain = faiss.index_factory(given.dimension, ours.built_as, faiss.METRIC_INNER_PRODUCT)
        plain.train(vectors)
        plain.add(vectors)
        built = time.perf_counter() - started
        if hasattr(plain, "nprobe"):
            plain.nprobe = effort
        elif hasattr(plain, "hnsw"):
            plain.hnsw.efSearch = effort
        size = len(faiss.serialize_index(plain))
        print(
            row("  plain FAISS", built, size, lambda queries, plain=plain: plain.search(queries, _K)[1], queries, true)
        )
        del ours, plain
    if given.latency:
        index, measured = choose(
            keys, vectors, max_latency=given.latency / 1000, progress=lambda kind: print("…", kind)
        )
        print(f"chosen for {given.latency} ms: {index.kind}", *measured, sep="\n")


if __name__ == "__main__":
    main()
