"""A full disk and a folder that cannot be written: one line that says so, and nothing is changed."""

import os
import resource
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from conftest import contents

from smf_embed.catalogue import FILE_NAME, Catalogue
from smf_embed.classifier import MODEL_FOLDER, Classifier
from smf_embed.clip_tables import iter_clips
from smf_embed.doctor import examine
from smf_embed.errors import CatalogueError
from smf_embed.neighbours import Neighbours, reindex_kind


def mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 3 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=3m", "none", folder)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a disk cannot be mounted here: {error}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def table(path: Path, count: int, size: int = 0) -> Path:
    rows = [{"yt_reel_id": f"id{i}", "reel_name": f"title {i}", "url": f"u{i}" + "x" * size} for i in range(count)]
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def fill(path: Path) -> None:
    """Write a file that takes all the room that is left."""
    room = os.statvfs(path.parent)
    path.write_bytes(b"0" * room.f_bsize * room.f_bavail)


def is_one_line(told: str) -> bool:
    return told.startswith("smf-embed: ") and told.count("\n") == 1


def test_adding_to_a_full_disk_is_one_line_and_what_was_there_stays(small_disk, tmp_path, run, encoded):
    folder = small_disk / "index"
    assert run("add", table(tmp_path / "small.csv", 50), "--catalogue", folder)[0] == 0
    before = contents(folder)
    code, out, err = run("add", table(tmp_path / "large.csv", 4_000, 2_000), "--catalogue", folder)
    assert (code, out) == (2, "")
    assert is_one_line(err)
    assert "full" in err
    assert contents(folder) == before
    assert examine(folder) == []
    code, _, err = run("add", table(tmp_path / "small.csv", 60), "--catalogue", folder)
    assert code == 0, err


def test_batches_before_the_disk_was_full_are_kept_and_those_after_come_when_there_is_room(
    small_disk, tmp_path, encoded
):
    path = table(tmp_path / "large.csv", 2_000, 2_000)
    done = []
    with Catalogue(small_disk / "index", create=True) as catalogue, pytest.raises(CatalogueError, match="full"):
        catalogue.add(iter_clips(path, batch_rows=100), lambda _, report: done.append(report.added))
    assert done
    with Catalogue(small_disk / "index") as catalogue:
        assert len(catalogue) == done[-1]
        assert catalogue.clips(["id0"])
    mount("-o", "remount,size=30m", small_disk)
    with Catalogue(small_disk / "index") as catalogue:
        assert catalogue.add(iter_clips(path, batch_rows=100)).added == 2_000 - done[-1]
    assert examine(small_disk / "index") == []


def test_no_room_for_a_snapshot_or_another_index_leaves_the_old_ones(small_disk, tmp_path, encoded):
    folder = small_disk / "index"
    with Catalogue(folder, create=True) as catalogue:
        catalogue.add(iter_clips(table(tmp_path / "small.csv", 2_000)))
        Neighbours(catalogue).save()
        before = {path.name: path.read_bytes() for path in folder.glob("*faiss*")}
        fill(small_disk / "filler")
        catalogue_before = contents(folder)
        with pytest.raises((CatalogueError, OSError)):
            reindex_kind(catalogue, "HNSW16")
        with pytest.raises((CatalogueError, OSError)):
            Neighbours(catalogue).save()
        with pytest.raises(CatalogueError):
            catalogue.compact()
    (small_disk / "filler").unlink()
    assert {path.name: path.read_bytes() for path in folder.glob("*faiss*")} == before
    assert contents(folder) == catalogue_before
    assert examine(folder) == []


def test_a_disk_without_room_for_a_catalogue_gets_none(small_disk, tmp_path, run, encoded):
    (small_disk / "filler").write_bytes(b"0" * (3 * 2**20 - 16_384))
    code, _, err = run("add", table(tmp_path / "small.csv", 5), "--catalogue", small_disk / "index")
    assert code == 2
    assert is_one_line(err)
    assert not (small_disk / "index" / FILE_NAME).exists()


@contextmanager
def files_no_larger_than(size: int):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_limit_of_file_sizes_is_like_a_full_disk(tmp_path, run, encoded):
    folder = tmp_path / "index"
    assert run("add", table(tmp_path / "small.csv", 50), "--catalogue", folder)[0] == 0
    before = contents(folder)
    path = table(tmp_path / "large.csv", 4_000, 1_000)
    with files_no_larger_than(1_000_000):
        code, out, err = run("add", path, "--catalogue", folder)
    assert (code, out) == (2, "")
    assert is_one_line(err)
    assert contents(folder) == before
    assert examine(folder) == []
    assert run("add", path, "--catalogue", folder)[0] == 0


# ------------------------------------------------------------------------------------------------------------ read-only


@pytest.fixture
def read_only(fitted_folder, tmp_path):
    """A fitted catalogue in a folder that cannot be written."""
    folder = Path(shutil.copytree(fitted_folder, tmp_path / "read only" / "index"))
    if os.geteuid() == 0:
        try:
            mount("--bind", folder.parent, folder.parent)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"whoever may write everywhere must mount a folder, which cannot be done here: {error}")
        mount("-o", "remount,ro,bind", folder.parent)
        yield folder
        subprocess.run(["umount", "-l", str(folder.parent)], check=True)
    else:
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def test_reading_commands_work_on_a_folder_that_cannot_be_written(read_only, train, tmp_path, run):
    train.head(20).to_csv(tmp_path / "clips.csv", index=False)
    at = ("--catalogue", read_only)
    for words in (
        ("info",),
        ("similar", train["yt_reel_id"].iloc[0]),
        ("predict", tmp_path / "clips.csv", "-o", tmp_path / "decisions.csv"),
        ("evaluate", tmp_path / "clips.csv"),
        ("export", tmp_path / "clips.parquet", "--vectors"),
        ("doctor",),
    ):
        code, _, err = run(*words, *at)
        assert code == 0, err
    assert len(pd.read_parquet(tmp_path / "clips.parquet")) == len(train)


def test_writing_commands_say_that_the_folder_cannot_be_written(read_only, train, tmp_path, run, encoded):
    table(tmp_path / "new.csv", 5)
    key = train["yt_reel_id"].iloc[0]
    for words in (
        ("add", tmp_path / "new.csv"),
        ("remove", key),
        ("label", key, "Буба"),
        ("compact",),
        ("reindex", "--index", "SQ8"),
    ):
        code, out, err = run(*words, "--catalogue", read_only)
        assert (code, out) == (2, ""), words
        assert err.splitlines()[-1].startswith("smf-embed: ")
        assert "cannot be written" in err or "Read-only" in err, err


def test_a_log_in_a_folder_that_cannot_be_written_is_told_of(fitted_folder, tmp_path):
    folder = Path(shutil.copytree(fitted_folder, tmp_path / "made"))
    with Catalogue(folder) as catalogue, Catalogue(folder) as reader, reader.reading():
        catalogue.label([catalogue.clip_batches(1).__next__()[0]["yt_reel_id"]], "none")
        left = Path(shutil.copytree(folder, tmp_path / "left" / "index", ignore=shutil.ignore_patterns("*-shm")))
    if os.geteuid() != 0:
        left.chmod(0o555)
    else:
        try:
            mount("--bind", left.parent, left.parent)
            mount("-o", "remount,ro,bind", left.parent)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"a folder cannot be mounted here: {error}")
    try:
        with pytest.raises(CatalogueError, match="cannot be opened"):
            Catalogue(left)
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", "-l", str(left.parent)], check=True)
        else:
            left.chmod(0o755)
    with Catalogue(left) as catalogue:
        assert len(Classifier.load(left / MODEL_FOLDER, catalogue).manifest["files"]) == 3
