"""Run notebooks from their scripts, and write them with what they print and draw.

    python notebooks/execute.py [1 2 ...]

The scripts are what is edited; without numbers all are run.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SCRIPTS = sorted(FOLDER.glob("[0-9]_*.py"))
_SECONDS = 540
_SCALE = re.compile(r"make_demo\(scale=")


def execute(script: Path, share: float = 1.0) -> Any:
    """Run a notebook from top to bottom in its own folder; return it with its outputs.

    Parameters
    ----------
    script : Path
    share : float
        Of the clips that it invents, 0 to 1: with fewer it is done sooner, and shows other figures.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        A cell failed.
    """
    import jupytext
    import nbclient

    notebook = jupytext.read(script)
    invented = sum(len(_SCALE.findall(cell["source"])) for cell in notebook.cells)
    if share != 1.0 and invented != 1:
        raise ValueError(f"{script}: to run on a share of its clips, it must invent them once: make_demo(scale=...)")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"  # else every run has others
        if share != 1.0:
            cell["source"] = _SCALE.sub(rf"\g<0>{share} * ", cell["source"])
    with tempfile.TemporaryDirectory() as folder:
        # settings and history stay out of the home folder, and pictures are wanted whatever backend is set
        env = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"} | {"IPYTHONDIR": folder}
        client = nbclient.NotebookClient(
            notebook,
            timeout=_SECONDS,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": str(script.parent)}},
        )
        client.execute(env=env)
    return notebook


def main() -> None:
    """Run the notebooks of the command line."""
    import jupytext

    for script in SCRIPTS:
        if len(sys.argv) == 1 or script.stem.split("_")[0] in sys.argv[1:]:
            started = time.monotonic()
            notebook = script.with_suffix(".ipynb")
            jupytext.write(execute(script), notebook)
            size = notebook.stat().st_size / 1000
            print(f"{notebook.name}: {time.monotonic() - started:.0f} s, {size:.0f} kB", flush=True)


if __name__ == "__main__":
    main()
