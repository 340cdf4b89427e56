"""Kinds of FAISS index beside Milvus in a file, on made-up vectors; decisions through either on a real catalogue.

    python benchmarks/vector_stores.py [--vectors 200000] [--dimension 384]
    python benchmarks/vector_stores.py --catalogue CATALOGUE --table TABLE [--clips 10000] [--store FILE.db|URI]

The first prints a row a store: seconds to insert all, memory that the process has gained by then (for Milvus that of
its server in the same process, too), size on disk, 1,000 queries at once and one after the other, and recall of the 20
nearest against an exact search. Each store is measured in a process of its own. Seconds of the processor stand behind
those of the wall, and queries a second and one query are by them: other work on the machine changes them little.

The second pushes the catalogue to the store, where it is not there yet, and decides clips of the table by the model of
the catalogue through both: how many decisions are equal, how far confidences are apart, and how many of the nearest
labelled clips of an exact search by centred vectors each finds.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from index_kinds import clustered
from measuring import in_a_process
from smf_embed.threads import limit_threads, thread_count

_K = 20
_KINDS = ["Flat", "IVF1024,Flat", "IVF1024,SQ8", "HNSW32"]
_MILVUS = "milvus-lite "
_BATCH = 2_000
_COMPARED = 1_000


def measured(name: str, folder: Path) -> str:
    """Return the row of a store, filled with the vectors in the folder."""
    import psutil

    limit_threads()
    import faiss

    from smf_embed.milvus import Milvus
    from smf_embed.milvus_store import MilvusStore
    from smf_embed.vector_facts import VectorFacts
    from smf_embed.vector_index import VectorIndex

    vectors, queries = np.load(folder / "vectors.npy"), np.load(folder / "queries.npy")
    keys = np.arange(len(vectors), dtype=np.int64)
    faiss.omp_set_num_threads(thread_count())
    _, true = faiss.knn(queries, vectors, _K, metric=faiss.METRIC_INNER_PRODUCT)
    before = psutil.Process().memory_info().rss
    started = clocks()
    if name.startswith(_MILVUS):
        place = folder / "vectors.db"
        with Milvus(str(place), create=True) as milvus:
            dimension = vectors.shape[1]
            store = MilvusStore.create(milvus, "title", "0" * 16, dimension, "made up", name.removeprefix(_MILVUS))
            facts = [VectorFacts("0" * 32, ("project",), ("UC1", "channel"), ("ru",), True, False)] * _BATCH
            for start in range(0, len(keys), _BATCH):
                part = slice(start, start + _BATCH)
                store.upsert(keys[part], vectors[part], facts[: len(keys[part])])
            inserted = clocks() - started
            row = answers(store, queries, true)
            memory = psutil.Process().memory_info().rss - before
            milvus.call(milvus.client.flush, store.name)
        disk = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
        shutil.rmtree(place)
    else:
        index = VectorIndex.build(name, keys, vectors)
        inserted = clocks() - started
        row = answers(index, queries, true)
        memory = psutil.Process().memory_info().rss - before
        index.write(folder / "index")
        disk = (folder / "index").stat().st_size
    return f"{name:<18}{inserted[0]:>9.1f}{inserted[1]:>9.1f}{memory / 2**20:>11,.0f}{disk / 2**20:>9,.0f}{row}"


def answers(store, queries: np.ndarray, true: np.ndarray) -> str:
    """Return how fast and how well a store answers."""
    store.search(queries[:1], _K)
    started = clocks()
    found, _ = store.search(queries, _K)
    batch = clocks() - started
    single = []
    for query in queries[:, None][:50]:
        started = clocks()
        store.search(query, _K)
        single.append((clocks() - started)[1])
    recall = np.mean([len(set(a) & set(b)) / _K for a, b in zip(found.tolist(), true.tolist(), strict=True)])
    speed, one = len(queries) / batch[1], 1000 * np.median(single)
    return f"{batch[0]:>9.2f}{batch[1]:>9.2f}{speed:>11,.0f}{one:>9.1f}{recall:>8.3f}"


def clocks() -> np.ndarray:
    """Return the seconds of the wall and those of the processor, of all threads."""
    return np.array([time.perf_counter(), time.process_time()])


def told_since(started: np.ndarray) -> str:
    """Return how long it is since then."""
    wall, processor = clocks() - started
    return f"{wall:.0f} s, {processor:.0f} of the processor"


def compare_stores(count: int, dimension: int, kinds: list[str]) -> None:
    every = clustered(count + 1_000, dimension)
    every = every[np.random.default_rng(1).permutation(len(every))]
    print(f"{count:,} vectors of {dimension}, {thread_count()} threads")
    header = (
        f"{'insert s':>9}{'of CPU':>9}{'memory MB':>11}{'disk MB':>9}{'1,000 s':>9}{'of CPU':>9}{'queries/s':>11}"
        f"{'one, ms':>9}{'recall':>8}"
    )
    print(f"{'':<18}{header}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "vectors.npy", every[:-1_000])
        np.save(Path(folder) / "queries.npy", every[-1_000:])
        del every
        for name in kinds:
            print(in_a_process(measured, name, Path(folder)), flush=True)


def compare_decisions(folder: Path, table: str, count: int | None, place: str) -> None:
    """Print how far the decisions through the store are those of FAISS in this process."""
    import faiss

    from smf_embed import Catalogue
    from smf_embed.classifier import MODEL_FOLDER, Classifier
    from smf_embed.clip_tables import iter_clips
    from smf_embed.milvus import Milvus
    from smf_embed.milvus_store import store_of
    from smf_embed.shared_index import push
    from smf_embed.votes import NEIGHBOURS

    with Catalogue(folder) as catalogue, Milvus(place, create=True) as milvus:
        started = clocks()
        pushed = push(catalogue, milvus)
        print(f"pushed {pushed.moved:,} ({pushed.unchanged:,} were there), {told_since(started)}")
        clips = [clip for batch in iter_clips(table) for clip in batch.clips]
        if count is not None and count < len(clips):
            rows = np.sort(np.random.default_rng(0).permutation(len(clips))[:count])
            clips = [clips[row] for row in rows]
        encoded, _ = catalogue.encoded(clips)
        model = Classifier.load(folder / MODEL_FOLDER, catalogue)
        through = Classifier.load(
            folder / MODEL_FOLDER, catalogue, open_store=lambda field: store_of(milvus, field, catalogue)
        )
        decided = {}
        for name, one in (("FAISS", model), ("the store", through)):
            started = clocks()
            decided[name] = one.predict(encoded)
            print(f"{len(encoded):,} clips decided through {name}, {told_since(started)}", flush=True)
        ours, theirs = decided["FAISS"], decided["the store"]
        equal = (ours["cartoon"] == theirs["cartoon"]).to_numpy()
        apart = np.abs(ours["confidence"] - theirs["confidence"]).to_numpy()
        print(f"equal decisions: {equal.mean():.5f}, {int((~equal).sum())} of {len(equal):,} differ")
        quantiles = ", ".join(f"{share:.1%} within {np.quantile(apart, share):.4f}" for share in (0.9, 0.99, 0.999))
        print(f"confidences: {quantiles}, at most {apart.max():.4f} apart")
        print(ours[~equal].merge(theirs[~equal], on="yt_reel_id")[["cartoon_x", "confidence_x", "cartoon_y"]].head(20))
        for field, votes in model._labelled.builder.votes.items():
            asked = encoded.vectors[field][encoded.present(field)][:_COMPARED]
            if not len(asked) or not len(votes.rows):
                continue
            exact = faiss.IndexFlatIP(asked.shape[1])
            exact.add(votes.vectors)
            reached, _ = exact.search(votes.centred(asked), min(NEIGHBOURS, len(votes.rows)))
            shares = []
            for name, one in (("FAISS", votes), ("the store", through._labelled.builder.votes[field])):
                found, _ = one.nearest(asked)
                at = ", ".join(
                    f"{np.mean(found[:, k - 1] >= reached[:, k - 1] - 1e-6):.4f} at {k}" for k in (1, 20, 50)
                )
                shares.append(f"{name} {at}")
            print(f"{field}: searches that reach the similarity of an exact one: {'; '.join(shares)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=200_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--kinds", nargs="+", default=[*_KINDS, f"{_MILVUS}Flat"])
    parser.add_argument("--catalogue", type=Path)
    parser.add_argument("--table")
    parser.add_argument("--clips", type=int, help="A random sample of so many clips of the table; all without.")
    parser.add_argument("--store", help="Where the vectors are pushed; a temporary file without.")
    given = parser.parse_args()
    limit_threads()
    if given.catalogue is None:
        compare_stores(given.vectors, given.dimension, given.kinds)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare_decisions(given.catalogue, given.table, given.clips, given.store or f"{folder}/vectors.db")


if __name__ == "__main__":
    main()
