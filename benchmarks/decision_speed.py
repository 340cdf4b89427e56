"""How fast a fitted model decides in a warm process: one clip from its text, and many from stored vectors.

    python benchmarks/decision_speed.py CATALOGUE TABLE [--clips 200]

CATALOGUE holds a fitted model, TABLE clips that it does not know (a column `cartoon` is not read). They are stored in a
copy of the catalogue, so that their vectors are there; clips that are decided one by one are encoded anew each.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from smf_embed import Catalogue, Classifier
from smf_embed.clip_tables import iter_clips
from smf_embed.model_files import MODEL_FOLDER
from smf_embed.threads import limit_threads, thread_count

_WARM = 20


def main() -> None:
    """Print the time of one clip, and clips per second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--clips", type=int, default=200, help="clips that are decided one by one")
    options = parser.parse_args()
    limit_threads()
    table = pd.read_parquet(options.table).drop(columns=["cartoon", "cartoon_true", "split"], errors="ignore")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "index"
        shutil.copytree(options.catalogue, copy)
        with Catalogue(copy) as catalogue:
            model = Classifier.load(copy / MODEL_FOLDER, catalogue)
            alone = table.sample(min(options.clips + _WARM, len(table)), random_state=0)
            seconds = []
            for row in range(len(alone)):
                batch = next(iter_clips(alone.iloc[row : row + 1])).clips
                started = time.perf_counter()
                clips, _ = catalogue.encoded(batch)
                model.predict(clips)
                seconds.append(time.perf_counter() - started)
            median, slow = 1000 * np.quantile(seconds[_WARM:], [0.5, 0.95])
            print(f"{thread_count()} threads, {sum(catalogue.project_sizes().values()):,} labelled clips")
            print(f"one clip, text to decision: median {median:.1f} ms, 95 % below {slow:.1f} ms")
            with catalogue.writing("add"):
                catalogue.add(iter_clips(table))
            started = time.perf_counter()
            stored = catalogue.stored(table["yt_reel_id"].tolist())
            read = time.perf_counter()
            model.predict(stored)
            done = time.perf_counter()
            print(f"{len(table):,} clips from stored vectors: {len(table) / (done - read):,.0f} a second", end="")
            print(f" ({done - read:.1f} s; reading them {read - started:.1f} s)")


if __name__ == "__main__":
    main()
