"""Every notebook runs from top to bottom, says the same as its script, and keeps small outputs without an error."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
SCRIPTS = sorted(FOLDER.glob("[0-9]_*.py"))
MOST_BYTES = 300_000
NEEDS = "needs the extra: pip install 'smf-embed[notebooks,report]'"
# folders of somebody's machine, on any system
MACHINE_PATH = re.compile(r"/(?:home|root|tmp|work|var|private|opt|Users)/|\b[A-Za-z]:\\|site-packages|ipykernel_\d")

each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)


def cells_of(script: Path) -> list[dict[str, Any]]:
    """Return the cells of the notebook beside a script."""
    return json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]


def outputs_of(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [output for cell in cells for output in cell.get("outputs", [])]


def shown(cell: dict[str, Any]) -> set[str]:
    """Return what a cell shows: streams by name, tables and pictures by kind."""
    outputs = outputs_of([cell])
    return {output["name"] for output in outputs if "name" in output} | {
        kind for output in outputs for kind in output.get("data", {})
    }


@pytest.mark.slow
@each_script
def test_notebook_runs(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jupytext", reason=NEEDS)
    pytest.importorskip("nbclient", reason=NEEDS)
    monkeypatch.syspath_prepend(FOLDER)
    # what a run before has left is none of this one
    monkeypatch.delitem(sys.modules, "execute", raising=False)
    from execute import execute

    before = {path.name for path in FOLDER.iterdir() if path.name != "__pycache__"}
    # most of the time goes into fitting; the third fits nothing, and counts the clips of every size of project
    cells = execute(script, share=0.5 if script.stem.startswith("3_") else 0.25).cells
    assert {path.name for path in FOLDER.iterdir() if path.name != "__pycache__"} == before, "it leaves files behind"
    # figures differ from machine to machine, and what is shown does not
    assert [shown(cell) for cell in cells] == [shown(cell) for cell in cells_of(script)]


def test_there_are_six_and_the_readme_names_them() -> None:
    assert [script.stem[:2] for script in SCRIPTS] == [f"{number}_" for number in range(1, 7)]
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == {script.stem for script in SCRIPTS}
    for readme in (FOLDER / "README.md", FOLDER.parent / "README.md"):
        text = readme.read_text(encoding="utf-8")
        assert [script.stem for script in SCRIPTS if f"{script.stem}.ipynb" not in text] == []


@each_script
def test_notebook_and_its_script_have_the_same_cells(script: Path) -> None:
    jupytext = pytest.importorskip("jupytext", reason=NEEDS)
    text, notebook = jupytext.read(script), jupytext.read(script.with_suffix(".ipynb"))
    assert notebook.metadata["jupytext"]["formats"] == "ipynb,py:percent"
    assert [(cell.cell_type, cell.source) for cell in text.cells] == [
        (cell.cell_type, cell.source) for cell in notebook.cells
    ]


@each_script
def test_outputs_are_those_of_one_whole_run(script: Path) -> None:
    code = [cell for cell in cells_of(script) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = {(output["output_type"], output.get("name")) for output in outputs_of(code)}
    assert kinds <= {("stream", "stdout"), ("display_data", None), ("execute_result", None)}, "an error or a warning"
    assert sum("image/png" in output.get("data", {}) for output in outputs_of(code)) > 2


@each_script
def test_notebook_is_small_and_tells_nothing_of_the_machine(script: Path) -> None:
    assert script.with_suffix(".ipynb").stat().st_size < MOST_BYTES
    for output in outputs_of(cells_of(script)):
        pictured = {kind: data for kind, data in output.get("data", {}).items() if not kind.startswith("image/")}
        told = json.dumps([output.get("text", ""), pictured], ensure_ascii=False)
        assert not MACHINE_PATH.search(told)
    assert not MACHINE_PATH.search(script.read_text(encoding="utf-8"))
