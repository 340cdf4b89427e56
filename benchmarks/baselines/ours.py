"""smf-embed itself, through its command line."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measuring import Measured, run_measured


def run_steps(train: Path, test: Path, decisions: Path, index: Path) -> Iterator[tuple[str, Measured]]:
    """Run `add`, `fit` and `predict`, each in a process of its own; yield the name of each as it ends, and its figures.

    Parameters
    ----------
    train, test : Path
        Tables; `test` has no labels.
    decisions : Path
        Where the decisions go.
    index : Path
        Folder of the catalogue; there should be none yet.

    Raises
    ------
    measuring.ProgramFailed
        When a command fails.
    """
    where = ["--catalogue", str(index)]
    yield run_step("add", str(train), "--json", *where)
    yield run_step("fit", "--json", *where)
    yield run_step("predict", str(test), "-o", str(decisions), *where)


def run_step(name: str, *arguments: str) -> tuple[str, Measured]:
    """Run one command in a process of its own."""
    return name, run_measured([sys.executable, "-m", "smf_embed.cli", name, *arguments])


def decide_by_files(train: Path, test: Path, decisions: Path) -> dict[str, float]:
    """Learn from one table and decide another; return seconds of both and the size of what is kept."""
    with tempfile.TemporaryDirectory(prefix="ours-") as folder:
        index = Path(folder) / "index"
        seconds = {name: step.seconds for name, step in run_steps(train, test, decisions, index)}
        kept = sum(path.stat().st_size for path in index.rglob("*") if path.is_file())
    return {
        "fit_seconds": seconds["add"] + seconds["fit"],
        "predict_seconds": seconds["predict"],
        "model_bytes": kept,
    }
