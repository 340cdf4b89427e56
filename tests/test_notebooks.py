"""Every notebook runs from top to bottom, and its two halves say the same."""

from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("script", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jupytext = pytest.importorskip("jupytext", reason="needs the extra: pip install 'smf-embed[notebooks]'")
    nbclient = pytest.importorskip("nbclient", reason="needs the extra: pip install 'smf-embed[notebooks]'")
    monkeypatch.setenv("MPLBACKEND", "agg")
    # the kernel keeps its settings and history out of the home folder
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    nbclient.NotebookClient(
        jupytext.read(script), timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()


@pytest.mark.parametrize("script", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_and_its_script_have_the_same_cells(script: Path) -> None:
    jupytext = pytest.importorskip("jupytext", reason="needs the extra: pip install 'smf-embed[notebooks]'")
    text, notebook = jupytext.read(script), jupytext.read(script.with_suffix(".ipynb"))
    assert [cell.source for cell in text.cells] == [cell.source for cell in notebook.cells]
    assert all(not cell.get("outputs") for cell in notebook.cells), "outputs stay out of the repository"
