"""The catalogue: nothing twice, nothing half, labels with their meaning, vectors of one encoder."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from conftest import contents, fake_vector

from smf_embed.catalogue import FILE_NAME, Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.doctor import examine
from smf_embed.encoder import Encoder
from smf_embed.errors import CatalogueError, EncoderError, InputError
from smf_embed.reencoding import reencode
from smf_embed.text import clean


def table(*rows: tuple, columns=("yt_reel_id", "reel_name", "cartoon")) -> pd.DataFrame:
    return pd.DataFrame([dict(zip(columns, row, strict=False)) for row in rows], columns=list(columns))


def add(catalogue: Catalogue, *rows: tuple, batch_rows: int = 4096):
    return catalogue.add(iter_clips(table(*rows), batch_rows=batch_rows))


def counts(report) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, len(report.rejected)


def labels(catalogue: Catalogue) -> dict[str, str | None]:
    rows = catalogue.database.sql.execute("SELECT yt_reel_id, project FROM clips").fetchall()
    return dict(rows)


@pytest.fixture
def catalogue(tmp_path, encoded):
    """An empty catalogue whose encoder takes no time; `encoded` lists what was encoded."""
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        yield catalogue


# ------------------------------------------------------------------------------------------------------------- adding


def test_adding_again_adds_nothing_and_encodes_nothing(catalogue, encoded):
    rows = [("a", "Буба", "Буба"), ("b", "Кот", "none"), ("c", None, None)]
    assert counts(add(catalogue, *rows)) == (3, 0, 0, 0)
    before = contents(catalogue.folder)
    encoded.clear()
    assert counts(add(catalogue, *rows)) == (0, 0, 3, 0)
    assert encoded == []
    assert contents(catalogue.folder) == before


def test_a_changed_title_encodes_that_text_alone(catalogue, encoded):
    columns = ("yt_reel_id", "reel_name", "text")
    rows = [("a", "Буба", "Серия"), ("b", "Кот", "Выпуск")]
    catalogue.add(iter_clips(table(*rows, columns=columns)))
    encoded.clear()
    report = catalogue.add(iter_clips(table(("a", "Буба 2", "Серия"), rows[1], columns=columns)))
    assert counts(report) == (0, 1, 1, 0)
    assert encoded == ["буба 2"]
    np.testing.assert_allclose(catalogue.stored(["a"]).vectors["title"][0], fake_vector("буба 2"), atol=1e-3)


def test_a_text_that_differs_by_decoration_alone_is_not_encoded_again(catalogue, encoded):
    add(catalogue, ("a", "Буба", None))
    encoded.clear()
    assert add(catalogue, ("b", "  БУБА 😂 ", None)).encoded_texts == 0
    assert encoded == []


def test_clips_of_the_same_text_share_one_vector(catalogue):
    add(catalogue, ("a", "Буба", None), ("b", "буба", None), ("c", "Кот", None))
    assert catalogue.counts()["vectors"] == 2
    assert (catalogue.stored(["a"]).vectors["title"] == catalogue.stored(["b"]).vectors["title"]).all()


def test_a_clip_without_any_text_is_kept_without_a_vector(catalogue, encoded):
    add(catalogue, ("a", None, "Буба"), ("b", "😂", None))
    assert len(catalogue) == 2
    assert encoded == []
    assert not catalogue.stored(["a", "b"]).present("title").any()


def test_of_a_repeated_id_the_last_row_counts_within_and_across_batches(catalogue):
    rows = [("a", "1", None), ("a", "2", None), ("b", "3", None), ("c", "4", None), ("a", "5", None), ("b", "3", None)]
    report = add(catalogue, *rows, batch_rows=2)
    assert counts(report) == (3, 0, 0, 3)
    assert catalogue.clips(["a"])[0]["reel_name"] == "5"
    assert [(row.source, row.line, row.id) for row in report.rejected] == [
        ("table", 1, "a"),
        ("table", 2, "a"),
        ("table", 3, "b"),
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("a", "old", None), ("b", "x", None), ("a", "new", None)], (1, 1, 0, 1)),
        ([("a", "new", None), ("b", "x", None), ("a", "old", None)], (1, 1, 0, 1)),
        ([("a", "old", None), ("b", "x", None), ("a", "old", None)], (1, 0, 1, 1)),
        ([("b", "x", None), ("b", "y", None), ("b", "z", None)], (1, 0, 0, 2)),
    ],
)
def test_each_clip_is_counted_once_even_when_its_rows_are_in_several_batches(catalogue, rows, expected):
    add(catalogue, ("a", "old", None))
    assert counts(add(catalogue, *rows, batch_rows=1)) == expected


def test_clips_are_given_in_the_order_that_was_asked_for(catalogue):
    add(catalogue, ("a", "1", None), ("b", "2", None), ("c", "3", None))
    assert [clip["yt_reel_id"] for clip in catalogue.clips(["c", "unknown", "a", "c"])] == ["c", "a"]
    assert "b" in catalogue
    assert "unknown" not in catalogue


# ------------------------------------------------------------------------------------------------------------- labels


def test_a_filled_label_counts_and_an_empty_one_leaves_it_as_it_is(catalogue):
    add(catalogue, ("a", "Буба", "Буба"), ("b", "Кот", None), ("c", "Пёс", "None"))
    assert labels(catalogue) == {"a": "Буба", "b": None, "c": "none"}
    report = add(catalogue, ("a", "Буба", None), ("b", "Кот", "none"))
    assert labels(catalogue) == {"a": "Буба", "b": "none", "c": "none"}
    assert report.labelled == 1


def test_a_changed_label_of_the_table_counts(catalogue):
    add(catalogue, ("a", "Буба", "Буба"))
    add(catalogue, ("a", "Буба", "none"))
    assert labels(catalogue) == {"a": "none"}
    assert catalogue.database.sql.execute("SELECT project, source FROM labels ORDER BY label_key").fetchall() == [
        ("Буба", "table"),
        ("none", "table"),
    ]


def test_a_label_of_a_person_stands_until_the_label_of_the_table_changes(catalogue):
    add(catalogue, ("a", "Буба", "Буба"))
    assert catalogue.label(["a", "unknown"], "Лунтик") == ["a"]
    add(catalogue, ("a", "Буба", "Буба"))
    add(catalogue, ("a", "Буба, другой заголовок", "Буба"))
    add(catalogue, ("a", "Буба, другой заголовок", None))
    assert labels(catalogue) == {"a": "Лунтик"}
    add(catalogue, ("a", "Буба, другой заголовок", "Фиксики"))
    assert labels(catalogue) == {"a": "Фиксики"}


def test_sizes_of_projects_count_labelled_clips_largest_first(catalogue):
    add(catalogue, ("a", "1", "Буба"), ("b", "2", "none"), ("c", "3", "none"), ("d", "4", None))
    assert list(catalogue.project_sizes().items()) == [("none", 2), ("Буба", 1)]
    assert catalogue.counts() == {"clips": 4, "labelled": 3, "projects": 1, "vectors": 4}


# ------------------------------------------------------------------------------------------------------------ vectors


def test_stored_vectors_are_those_of_the_encoder_to_half_precision(fitted_folder, train, encoder):
    with Catalogue(fitted_folder) as catalogue:
        stored = catalogue.stored(train["yt_reel_id"].tolist())
    expected = encoder.encode([clean(title) for title in train["reel_name"]])
    np.testing.assert_array_equal(stored.vectors["title"], expected.astype(np.float16).astype(np.float32))
    cosines, exact = stored.vectors["title"] @ stored.vectors["title"].T, expected @ expected.T
    assert np.abs(cosines - exact).max() < 0.001
    assert stored.texts["title"] == [clean(title) for title in train["reel_name"]]


def test_clips_that_are_not_stored_get_the_vectors_that_they_would_have_if_they_were(catalogue, encoded):
    add(catalogue, ("a", "Буба", None))
    encoded.clear()
    (batch,) = iter_clips(table(("x", "буба", None), ("y", "Кот", None), ("z", None, None)))
    clips, new = catalogue.encoded(batch.clips)
    assert (new, encoded) == (1, ["кот"])
    assert "y" not in catalogue
    add(catalogue, ("x", "буба", None), ("y", "Кот", None), ("z", None, None))
    np.testing.assert_array_equal(clips.vectors["title"], catalogue.stored(["x", "y", "z"]).vectors["title"])


def test_two_texts_of_one_id_are_looked_at_each(catalogue, encoded):
    add(catalogue, ("a", "Буба и кот", None))
    (batch,) = iter_clips(table(("a", "Буба и кот", None)))
    (other,) = iter_clips(table(("a", "Другое видео", None)))
    clips, _ = catalogue.encoded([*batch.clips, *other.clips])
    assert clips.texts["title"] == ["буба и кот", "другое видео"]


def test_a_known_text_is_not_encoded_to_be_looked_up(catalogue, encoded):
    add(catalogue, ("a", "Буба", None))
    encoded.clear()
    vector = catalogue.encode_title("буба")
    assert encoded == []
    np.testing.assert_array_equal(vector, catalogue.stored(["a"]).vectors["title"][0])


# ----------------------------------------------------------------------------------------------------------- encoders


def test_another_encoder_is_refused_with_both_fingerprints_and_nothing_changes(fitted, tiny_model):
    before = contents(fitted)
    other = Encoder(tiny_model).fingerprint
    with pytest.raises(CatalogueError, match="--encoder") as caught:
        Catalogue(fitted, encoder=tiny_model)
    assert other in str(caught.value)
    assert Encoder().fingerprint in str(caught.value)
    assert contents(fitted) == before


def test_who_opened_a_catalogue_before_its_encoder_was_changed_writes_nothing_by_the_old_one(
    catalogue, tiny_model, monkeypatch
):
    monkeypatch.undo()  # the encoders of this test are real
    add(catalogue, ("a", "Буба", "Буба"), ("b", "Кот", "none"))
    with Catalogue(catalogue.folder) as other:
        reencode(other, tiny_model)
    before = catalogue.generation
    with pytest.raises(CatalogueError, match="the encoder was changed meanwhile"):
        add(catalogue, ("c", "Лунтик", None))
    assert catalogue.generation == before
    assert counts(add(catalogue, ("c", "Лунтик", None))) == (1, 0, 0, 0)
    assert catalogue.stored(["a", "c"]).vectors["title"].shape == (2, 32)
    assert examine(catalogue.folder) == []


def test_a_catalogue_remembers_its_encoder_and_reads_it_from_another_folder(tmp_path, tiny_model, monkeypatch):
    monkeypatch.chdir(os.path.dirname(tiny_model))
    with Catalogue(tmp_path / "index", create=True, encoder=os.path.basename(tiny_model)) as catalogue:
        add(catalogue, ("a", "Буба и кот", None))
    monkeypatch.chdir(tmp_path)
    with Catalogue(tmp_path / "index") as catalogue:
        add(catalogue, ("b", "Лунтик", None))
        assert catalogue.dimension == 32
        assert catalogue.encoder.name == tiny_model
    with Catalogue(tmp_path / "index", encoder=tiny_model):
        pass
    with pytest.raises(CatalogueError, match="cannot be compared"):
        Catalogue(tmp_path / "index", encoder="builtin")


def test_weights_that_changed_under_the_same_name_are_refused(tmp_path, tiny_model):
    with Catalogue(tmp_path / "index", create=True, encoder=tiny_model) as catalogue:
        add(catalogue, ("a", "Буба", None))
        catalogue.database.sql.execute("UPDATE meta SET value = 'another' WHERE key = 'fingerprint'")
    before = contents(tmp_path / "index")
    with Catalogue(tmp_path / "index") as catalogue, pytest.raises(CatalogueError, match="fingerprint another"):
        add(catalogue, ("b", "Лунтик", None))
    assert contents(tmp_path / "index") == before


def test_an_unknown_encoder_leaves_no_folder_behind(tmp_path):
    with pytest.raises(EncoderError):
        Catalogue(tmp_path / "index", create=True, encoder="no/such")
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------------------------- damage


def test_no_catalogue_is_an_error_that_names_the_command_and_makes_none(tmp_path):
    with pytest.raises(CatalogueError, match="smf-embed add TABLE"):
        Catalogue(tmp_path / "index")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_file_is_an_error_and_is_not_overwritten(tmp_path, content, create):
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(CatalogueError, match="is damaged or no catalogue"):
        Catalogue(tmp_path, create=create)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_a_database_of_another_program_is_an_error(tmp_path):
    sql = sqlite3.connect(tmp_path / FILE_NAME)
    sql.execute("CREATE TABLE meta (key TEXT, value TEXT)")
    sql.execute("INSERT INTO meta VALUES ('schema_version', '1')")
    sql.commit()
    sql.close()
    with pytest.raises(CatalogueError, match="no catalogue"):
        Catalogue(tmp_path)


def test_a_catalogue_of_a_newer_program_is_an_error(catalogue):
    catalogue.database.sql.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    with pytest.raises(CatalogueError, match="newer smf-embed"):
        Catalogue(catalogue.folder)


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path):
    (tmp_path / "index").write_text("a file")
    with pytest.raises(CatalogueError, match="is a file"):
        Catalogue(tmp_path / "index", create=True)


# ----------------------------------------------------------------------------------------------------- interruptions


def test_an_error_in_the_middle_leaves_out_its_batch_and_keeps_the_earlier_ones(catalogue, encoded, monkeypatch):
    calls = []

    def fails_at_the_third(clip_key, *_):
        calls.append(clip_key)
        if len(calls) == 3:
            raise RuntimeError("pulled the plug")

    label = catalogue.put_label
    monkeypatch.setattr(catalogue, "put_label", lambda *args: (fails_at_the_third(*args), label(*args)))
    rows = [(f"id{i}", f"title {i}", "Буба") for i in range(6)]
    with pytest.raises(RuntimeError):
        add(catalogue, *rows, batch_rows=2)
    assert sorted(labels(catalogue)) == ["id0", "id1"]
    assert catalogue.counts()["vectors"] == 2
    assert catalogue.generation == 1
    assert counts(add(catalogue, *rows, batch_rows=2)) == (4, 0, 2, 0)
    assert catalogue.counts() == {"clips": 6, "labelled": 6, "projects": 1, "vectors": 6}


def test_a_table_that_breaks_off_keeps_the_batches_before(catalogue):
    def batches():
        yield from iter_clips(table(("a", "1", None), ("b", "2", None)))
        raise InputError("the table breaks off")

    with pytest.raises(InputError):
        catalogue.add(batches())
    assert sorted(labels(catalogue)) == ["a", "b"]


KILLED_ADD = """
import sys, time
import numpy as np, pandas as pd
sys.path.insert(0, sys.argv[3])
from conftest import fake_vector
from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.encoder import Encoder

def encode(self, texts, progress=None):
    time.sleep(0.02)
    return np.array([fake_vector(text) for text in texts])

Encoder.encode = encode
with Catalogue(sys.argv[1], create=True) as catalogue:
    print(catalogue.add(iter_clips(sys.argv[2], batch_rows=20)).added)
"""


@pytest.mark.slow
def test_a_killed_add_is_completed_by_the_next_one_with_nothing_twice(tmp_path):
    path, folder = tmp_path / "clips.csv", tmp_path / "index"
    frame = table(*((f"id{i}", f"title {i // 2}", "Буба") for i in range(1000)))
    frame.to_csv(path, index=False)
    command = [sys.executable, "-c", KILLED_ADD, str(folder), str(path), os.path.dirname(__file__)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    stored = 0
    while stored < 100 and time.monotonic() < deadline:
        time.sleep(0.02)
        if (folder / FILE_NAME).exists():
            with Catalogue(folder) as catalogue:
                stored = len(catalogue)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with Catalogue(folder) as catalogue:
        kept = len(catalogue)
        assert 100 <= kept < 1000
        assert kept % 20 == 0
    added = int(subprocess.run(command, capture_output=True, check=True).stdout)
    assert added == 1000 - kept
    with Catalogue(folder) as catalogue:
        assert catalogue.counts() == {"clips": 1000, "labelled": 1000, "projects": 1, "vectors": 500}
        assert catalogue.database.sql.execute("SELECT count(*) FROM labels").fetchone() == (1000,)
        assert catalogue.database.sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_catalogue_can_be_read_while_it_is_written(catalogue):
    add(catalogue, ("a", "1", None))
    with catalogue.transaction("add"), Catalogue(catalogue.folder) as reader:
        catalogue.database.sql.execute("DELETE FROM clips")
        assert len(reader) == 1
