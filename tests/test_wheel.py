"""The wheel holds the whole package and works away from the source tree."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from smf_embed import __version__

SOURCE = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources so that nothing is left beside them."""
    pytest.importorskip("build", reason="needs the extra: pip install 'smf-embed[dev]'")
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "smf_embed"):
        (copy / name).symlink_to(SOURCE / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, copy]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A folder that the wheel alone is installed in."""
    target = wheel.parent / "target"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel]
    subprocess.run(command, check=True)
    return target


def run_installed(installed: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=installed.parent, env=environment, capture_output=True, text=True)


def test_the_wheel_holds_every_module_the_type_marker_and_the_licence(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {path.relative_to(SOURCE).as_posix() for path in (SOURCE / "smf_embed").rglob("*.py")} <= names
    assert "smf_embed/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if not name.startswith(("smf_embed/", "smf_embed-"))]


def test_the_wheel_names_its_command(wheel):
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "smf-embed = smf_embed.cli:main" in archive.read(name).decode()


def test_the_command_line_of_the_wheel_runs_away_from_the_sources(installed, fitted_folder):
    home = run_installed(installed, "-c", "import smf_embed; print(smf_embed.__file__)").stdout.strip()
    assert home == str(installed / "smf_embed" / "__init__.py")
    assert run_installed(installed, "-m", "smf_embed.cli", "--version").stdout == f"{__version__}\n"
    done = run_installed(installed, "-m", "smf_embed.cli", "info", "--catalogue", str(fitted_folder))
    assert done.returncode == 0, done.stderr
    assert "stored 200" in done.stdout
