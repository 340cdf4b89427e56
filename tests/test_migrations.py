"""A catalogue of format 1 becomes one of this format with all that it holds, or stays as it is."""

import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import fake_vector

from smf_embed import migrations
from smf_embed.catalogue import FILE_NAME, Catalogue
from smf_embed.doctor import examine
from smf_embed.encoded_clips import text_digest
from smf_embed.encoder import Encoder
from smf_embed.errors import CatalogueError
from smf_embed.neighbours import similar
from smf_embed.schema import SCHEMA_VERSION

OLD = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE generations (
    generation INTEGER PRIMARY KEY, at TEXT NOT NULL, command TEXT NOT NULL
) STRICT;
CREATE TABLE vectors (
    vector_key INTEGER PRIMARY KEY AUTOINCREMENT,
    text_digest BLOB NOT NULL UNIQUE,
    vector BLOB NOT NULL
) STRICT;
CREATE TABLE clips (
    clip_key INTEGER PRIMARY KEY AUTOINCREMENT,
    date TEXT, reel_name TEXT, yt_reel_id TEXT, url TEXT, description TEXT, broadcast TEXT,
    yt_channel_id TEXT, yt_channel_name TEXT, yt_ch_url TEXT, yt_channel_type TEXT, language TEXT, subtitles TEXT,
    seconds REAL, is_shorts REAL, flag_closed REAL, international REAL,
    project TEXT,
    row_digest BLOB NOT NULL,
    title_text TEXT, description_text TEXT, subtitles_text TEXT,
    title_vector INTEGER REFERENCES vectors,
    description_vector INTEGER REFERENCES vectors, subtitles_vector INTEGER REFERENCES vectors,
    corrections TEXT,
    generation INTEGER NOT NULL REFERENCES generations
) STRICT;
CREATE UNIQUE INDEX clips_by_id ON clips (yt_reel_id);
CREATE INDEX clips_by_project ON clips (project);
CREATE INDEX clips_by_generation ON clips (generation);
CREATE INDEX clips_by_title_vector ON clips (title_vector);
CREATE INDEX clips_by_description_vector ON clips (description_vector);
CREATE INDEX clips_by_subtitles_vector ON clips (subtitles_vector);
CREATE TABLE labels (
    label_key INTEGER PRIMARY KEY AUTOINCREMENT,
    clip_key INTEGER NOT NULL REFERENCES clips ON DELETE CASCADE,
    project TEXT,
    source TEXT NOT NULL,
    at TEXT NOT NULL,
    generation INTEGER NOT NULL REFERENCES generations
) STRICT;
CREATE INDEX labels_by_clip ON labels (clip_key);
CREATE TABLE words (word TEXT PRIMARY KEY, texts INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE boilerplate (
    channel TEXT NOT NULL, kind INTEGER NOT NULL, digest INTEGER NOT NULL, seen INTEGER NOT NULL,
    PRIMARY KEY (channel, kind, digest)
) STRICT, WITHOUT ROWID;
"""
TITLES = {f"id{i}": f"title {i // 2}" for i in range(40)}


@pytest.fixture
def old(tmp_path) -> Path:
    """A catalogue of format 1: 40 clips, of which half have labels, with 20 vectors, words and an alias."""
    folder = tmp_path / "index"
    folder.mkdir()
    sql = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    sql.execute("PRAGMA journal_mode = WAL")
    sql.executescript(OLD)
    meta = {"schema_version": "1", "encoder": "builtin", "fingerprint": Encoder().fingerprint, "catalogue_id": "0123"}
    meta |= {"fingerprint_parts": json.dumps(Encoder().fingerprint_parts), "created": "2026-01-01T00:00:00+00:00"}
    sql.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    sql.execute("INSERT INTO generations VALUES (1, '2026-01-01T00:00:00+00:00', 'add')")
    for number, title in enumerate(dict.fromkeys(TITLES.values()), start=1):
        vector = fake_vector(title).astype("<f2").tobytes()
        sql.execute("INSERT INTO vectors VALUES (?, ?, ?)", (number, text_digest(title), vector))
    for number, (key, title) in enumerate(TITLES.items(), start=1):
        project = "Буба" if number % 2 else None
        sql.execute(
            "INSERT INTO clips (clip_key, yt_reel_id, reel_name, seconds, project, row_digest, title_text, "
            "title_vector, generation) VALUES (?, ?, ?, 60.5, ?, x'00', ?, ?, 1)",
            (number, key, title.upper(), project, title, (number + 1) // 2),
        )
        if project:
            sql.execute(
                "INSERT INTO labels (clip_key, project, source, at, generation) VALUES (?, ?, 'person', '2026', 1)",
                (number, project),
            )
    sql.execute("INSERT INTO words VALUES ('title', 40)")
    sql.execute("INSERT INTO boilerplate VALUES ('UC1', 0, 17, 3)")
    sql.close()
    entry = {"key": "бубочка", "project": "Буба", "channel": None, "source": "person"}
    (folder / "lexicon.json").write_text(json.dumps({"version": 1, "entries": [entry]}), encoding="utf-8")
    return folder


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name != "writer.lock"}


def test_everything_is_there_afterwards_and_the_old_file_is_kept(old, encoded):
    before = (old / FILE_NAME).read_bytes()
    with Catalogue(old) as catalogue:
        assert catalogue.database.meta()["schema_version"] == str(SCHEMA_VERSION)
        clips = catalogue.clips(list(TITLES))
        assert {clip["yt_reel_id"]: clip["title_text"] for clip in clips} == TITLES
        assert {clip["seconds"] for clip in clips} == {60.5}
        assert [clip["cartoon"] for clip in clips] == ["Буба", None] * 20
        assert catalogue.label_history("id0") == [{"project": "Буба", "source": "person", "at": "2026"}]
        expected = np.array([fake_vector(title) for title in TITLES.values()])
        np.testing.assert_allclose(catalogue.stored(list(TITLES)).vectors["title"], expected, atol=1e-3)
        assert [(entry.key, entry.project, entry.source) for entry in catalogue.lexicon()] == [
            ("бубочка", "Буба", "person")
        ]
        sql = catalogue.database.sql
        assert sql.execute("SELECT word, texts FROM words").fetchall() == [("title", 40)]
        assert sql.execute("SELECT channel, kind, digest, seen FROM boilerplate").fetchall() == [("UC1", 0, 17, 3)]
        assert similar(catalogue, "id0", k=1)[0]["yt_reel_id"] == "id1"
        catalogue.label(["id1"], "none")
        assert encoded == []
    assert examine(old) == []
    with sqlite3.connect(old / "catalogue.format-1.sqlite") as sql:
        assert sql.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone() == ("1",)
        assert sql.execute("SELECT count(*) FROM clips").fetchone() == (40,)
    sql.close()
    assert len(before) == (old / "catalogue.format-1.sqlite").stat().st_size


@pytest.mark.parametrize("statement", ["CREATE TABLE clips", "INSERT INTO labels", "DROP TABLE old_clips", "COMMIT"])
def test_one_that_fails_half_way_leaves_the_old_catalogue(old, monkeypatch, statement):
    step = migrations.MIGRATIONS[2]

    class Failing:
        def __init__(self, sql):
            self._sql = sql

        def __getattr__(self, name):
            return getattr(self._sql, name)

        def execute(self, words, *values):
            if words.startswith(statement):
                raise sqlite3.OperationalError("database or disk is full")
            return self._sql.execute(words, *values)

    def fails(sql, path):
        step(Failing(sql), path)
        if statement == "COMMIT":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(migrations.MIGRATIONS, 2, fails)
        with pytest.raises((CatalogueError, KeyboardInterrupt)):
            Catalogue(old)
    with sqlite3.connect(old / FILE_NAME) as sql:
        assert sql.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone() == ("1",)
        assert sql.execute("SELECT count(*) FROM labels").fetchone() == (20,)
    sql.close()
    with Catalogue(old) as catalogue:
        assert len(catalogue) == 40
    assert examine(old) == []


def test_what_a_killed_one_leaves_is_swept_away(old):
    (old / ".catalogue.format-1.0123abcd.sqlite").write_bytes(b"half")
    with Catalogue(old) as catalogue:
        assert len(catalogue) == 40
    assert not any(name.startswith(".") for name in files(old))


def test_aliases_that_cannot_be_read_are_told_of_and_the_old_catalogue_stays(old):
    (old / "lexicon.json").write_text("{not JSON", encoding="utf-8")
    with pytest.raises(CatalogueError, match="cannot be brought to format"):
        Catalogue(old)
    (old / "lexicon.json").unlink()
    with Catalogue(old) as catalogue:
        assert len(catalogue) == 40
        assert len(catalogue.lexicon()) == 0


def test_one_that_another_process_has_done_meanwhile_is_not_done_again(old, tmp_path, monkeypatch):
    from smf_embed.database import Database

    stale = [1]
    version = Database._version
    monkeypatch.setattr(Database, "_version", lambda self: stale.pop() if stale else version(self))
    other = Path(shutil.copytree(old, tmp_path / "other"))
    with Catalogue(other):  # reads format 1, as it is
        pass
    stale.append(1)
    backup = (other / "catalogue.format-1.sqlite").read_bytes()
    with Catalogue(other) as catalogue:  # reads format 1, which it was a moment ago
        assert len(catalogue) == 40
    assert (other / "catalogue.format-1.sqlite").read_bytes() == backup


def test_in_a_folder_that_cannot_be_written_it_is_told_what_to_do(old):
    with sqlite3.connect(old / FILE_NAME) as sql:
        sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sql.close()
    if os.geteuid() == 0:
        try:
            for words in (("--bind", old, old), ("-o", "remount,ro,bind", old)):
                subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"a folder cannot be mounted here: {error}")
    else:
        old.chmod(0o555)
    try:
        with pytest.raises(CatalogueError, match="older format"):
            Catalogue(old)
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", "-l", str(old)], check=True)
        else:
            old.chmod(0o755)
