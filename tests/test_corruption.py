"""Damaged files: what is asked is answered as if nothing had happened, or refused in one line; doctor mends."""

import os
import random
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import make_table

from smf_embed.catalogue import FILE_NAME, Catalogue
from smf_embed.classifier import MODEL_FOLDER, Classifier
from smf_embed.clip_tables import iter_clips
from smf_embed.doctor import examine
from smf_embed.errors import CatalogueError, ModelError
from smf_embed.neighbours import refresh_snapshots, similar
from smf_embed.summary import summarise

IDS = make_table()["yt_reel_id"].tolist()[::17]
WAL = f"{FILE_NAME}-wal"

Damage = Callable[[Path], None]


def clips_of(folder: Path) -> Any:
    """Texts, labels and vectors."""
    with Catalogue(folder) as catalogue:
        clips = catalogue.clips(IDS)
        stored = catalogue.stored([clip["yt_reel_id"] for clip in clips])
        vectors = {field: stored.vectors[field].tobytes() for field in ("title", "description")}
        return [clips, vectors, [catalogue.label_history(key) for key in IDS]]


def similar_to(folder: Path) -> Any:
    with Catalogue(folder) as catalogue:
        return [similar(catalogue, key, k=5) for key in IDS[:2]]


def decided(folder: Path) -> Any:
    with Catalogue(folder) as catalogue:
        model = Classifier.load(folder / MODEL_FOLDER, catalogue)
        return model.predict(catalogue.stored(IDS)).to_json()


def told(folder: Path) -> Any:
    facts = summarise(folder)
    facts.pop("catalogue")
    facts.pop("megabytes")
    return facts


QUESTIONS = {"clips": clips_of, "similar": similar_to, "predict": decided, "info": told}


def answer(question: Callable[[Path], Any], folder: Path) -> Any:
    """What is answered, or the error."""
    try:
        return question(folder)
    except (CatalogueError, ModelError) as error:
        told = str(error)
        if "\n" in told or str(folder) not in told:
            raise AssertionError(f"{told!r} is no line that tells where") from error
        return error


@pytest.fixture(scope="module")
def sound(fitted_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fitted catalogue with snapshots and labels of a person; some of it is in the log alone."""
    folder = tmp_path_factory.mktemp("sound")
    first = Path(shutil.copytree(fitted_folder, folder / "first"))
    with Catalogue(first) as catalogue:
        with catalogue.writing("add"):
            refresh_snapshots(catalogue)
        with Catalogue(first) as reader, reader.reading():
            catalogue.label(IDS[:1], "Буба")
            # as a killed program leaves it
            shutil.copytree(first, folder / "index", ignore=shutil.ignore_patterns("*-shm"))
    assert (folder / "index" / WAL).stat().st_size > 0
    return folder / "index"


@pytest.fixture(scope="module")
def expected(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Question → what the sound catalogue answers, and what it answered before what is in the log."""
    folder = tmp_path_factory.mktemp("expected")
    after = Path(shutil.copytree(sound, folder / "after"))
    before = Path(shutil.copytree(sound, folder / "before", ignore=shutil.ignore_patterns(WAL)))
    found = {name: [question(after), question(before)] for name, question in QUESTIONS.items()}
    assert found["clips"][0] != found["clips"][1]
    return found


def places(size: int, count: int, rng: random.Random) -> list[int]:
    return sorted({0, size // 2, size - 1, *(rng.randrange(size) for _ in range(count - 3))})


def cut(name: str, place: int) -> Damage:
    return lambda folder: os.truncate(folder / name, place)


def flip(name: str, place: int, mask: int, *, keep_time: bool = False) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / name
        stat = path.stat()
        with open(path, "r+b") as file:
            file.seek(place)
            value = file.read(1)[0]
            file.seek(place)
            file.write(bytes([value ^ mask]))
        if keep_time:
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    return damage


def damages(folder: Path, count: int, seed: int) -> Iterator[tuple[str, str, Damage]]:
    """Yield the file, what is done to it, and what does so: each file cut, changed and removed."""
    rng = random.Random(seed)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, size = path.relative_to(folder).as_posix(), path.stat().st_size
        yield name, "removed", lambda folder, name=name: (folder / name).unlink()
        if size:
            for place in places(size, count, rng):
                yield name, f"cut at {place}", cut(name, place)
                mask = rng.randrange(1, 256)
                yield name, f"byte {place} changed by {mask}", flip(name, place, mask)


def fresh(sound: Path, folder: Path) -> Path:
    """A copy with the times of the files, so that the seal is that of the copy, too."""
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(sound, folder))


def check(sound: Path, folder: Path, expected: dict[str, list[Any]], name: str, what: str, damage: Damage) -> int:
    """Damage a copy and ask it everything; return how many answers were refused."""
    damage(fresh(sound, folder))
    refused = 0
    for question, wanted in expected.items():
        try:
            found = answer(QUESTIONS[question], folder)
        except BaseException as error:
            raise AssertionError(f"{name} {what}: {question} raised {type(error).__name__}: {error}") from error
        refused += isinstance(found, Exception)
        # what was in a log that is lost cannot be known of
        right = wanted if name == WAL else wanted[:1]
        model_lost = question == "info" and name == f"{MODEL_FOLDER}/manifest.json"
        if model_lost and not isinstance(found, Exception):
            found, right = found | {"model": None}, [one | {"model": None} for one in right]
        assert isinstance(found, Exception) or found in right, f"{name} {what}: {question} was answered wrongly"
    try:
        findings = examine(folder)
    except CatalogueError as error:
        if name != FILE_NAME:
            raise AssertionError(f"{name} {what}: {error}") from error
    else:
        assert findings or not refused, f"{name} {what}: {refused} answers were refused, and doctor sees nothing"
    return refused


def sweep(sound: Path, folder: Path, expected: dict[str, list[Any]], count: int, seed: int) -> None:
    refused: dict[str, int] = {}
    for name, what, damage in damages(sound, count, seed):
        refused[name] = refused.get(name, 0) + check(sound, folder, expected, name, what, damage)
    # the damage was real
    assert refused[FILE_NAME] > count
    assert all(times for name, times in refused.items() if name.startswith(MODEL_FOLDER))
    # and what can be made again is not missed
    assert not any(times for name, times in refused.items() if "faiss" in name or "seal" in name or "lock" in name)


@pytest.mark.parametrize(
    "count", [pytest.param(6, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.endurance)]
)
def test_a_file_that_is_damaged_anywhere_is_mended_or_refused_and_never_answers_wrongly(
    sound, expected, tmp_path, count
):
    sweep(sound, tmp_path / "index", expected, count, seed=count)


def find_all(content: bytes, word: bytes) -> list[int]:
    return [match.start() + 1 for match in re.finditer(re.escape(word), content)]


def aged_damage(sound: Path, folder: Path, expected: dict[str, list[Any]], seeds: range) -> int:
    """Change bytes of the database and put its time back; return how often that was noticed."""
    with Catalogue(fresh(sound, folder)):
        pass
    settled = Path(shutil.copytree(folder, folder.with_name("settled")))
    content = (settled / FILE_NAME).read_bytes()
    texts = [place for word in ("Буба", "велосипед", "UC") for place in find_all(content, word.encode())]
    noticed = 0
    for seed in seeds:
        rng = random.Random(seed)
        # anywhere, and in what is sure to be read
        place, mask = rng.choice([rng.randrange(len(content)), rng.choice(texts)]), rng.randrange(1, 256)
        flip(FILE_NAME, place, mask, keep_time=True)(fresh(settled, folder))
        try:
            found = answer(clips_of, folder)
        except BaseException as error:
            raise AssertionError(f"byte {place} changed by {mask}: {type(error).__name__}: {error}") from error
        noticed += isinstance(found, Exception)
        if not isinstance(found, Exception):
            clips, vectors, histories = found
            known = {clip["yt_reel_id"]: clip for clip in expected["clips"][0][0]}
            # a broken look-up can miss a clip, but not give another for it
            assert all(clip == known[clip["yt_reel_id"]] for clip in clips), f"byte {place}"
            if len(clips) == len(IDS):
                assert vectors == expected["clips"][0][1], f"byte {place}"
                whole = zip(histories, expected["clips"][0][2], strict=True)
                assert all(one in (history, []) for one, history in whole), f"byte {place}"
        for question in (similar_to, decided, told):
            answer(question, folder)
    return noticed


@pytest.mark.slow
def test_a_byte_that_changes_under_the_same_time_gives_no_wrong_text_label_or_vector(sound, expected, tmp_path):
    assert aged_damage(sound, tmp_path / "index", expected, range(25)) > 0


@pytest.mark.slow
def test_many_bytes_that_change_under_the_same_time_give_no_wrong_text_label_or_vector(sound, expected, tmp_path):
    assert aged_damage(sound, tmp_path / "index", expected, range(1000, 1150)) > 0


# -------------------------------------------------------------------------------------------------------------- mending


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_repair_keeps_what_is_sound_and_adding_the_table_again_brings_the_rest_back(
    sound, train, encoder, tmp_path, seed
):
    rng = random.Random(seed)
    with Catalogue(fresh(sound, tmp_path / "index")) as catalogue:
        before = {clip["yt_reel_id"]: clip for clip in catalogue.clips(train["yt_reel_id"])}
    folder = tmp_path / "index"
    size = (folder / FILE_NAME).stat().st_size
    # not in the pages that tell what tables there are
    with closing(sqlite3.connect(folder / FILE_NAME)) as sql:
        told = {
            page
            for (page,) in sql.execute("SELECT pageno FROM dbstat WHERE name IN ('sqlite_schema', 'sqlite_master')")
        }
        (page_size,) = sql.execute("PRAGMA page_size").fetchone()
    places = [place for place in range(0, size, 64) if place // page_size + 1 not in told]
    for place in rng.sample(places, 4):
        flip(FILE_NAME, place + rng.randrange(64), 0x55)(folder)
    findings = examine(folder, repair=True)
    assert findings
    assert all(finding.mended for finding in findings)
    assert examine(folder) == []
    with Catalogue(folder) as catalogue:
        catalogue.encoder = encoder
        kept = {clip["yt_reel_id"]: clip for clip in catalogue.clips(train["yt_reel_id"])}
        assert len(kept) > len(before) / 2
        names = ("reel_name", "description", "cartoon", "title_text", "description_text")
        assert all(clip[name] == before[key][name] for key, clip in kept.items() for name in names)
        catalogue.add(iter_clips(train))
        again = {clip["yt_reel_id"]: clip for clip in catalogue.clips(train["yt_reel_id"])}
        assert again.keys() == before.keys()
        assert all(clip["reel_name"] == before[key]["reel_name"] for key, clip in again.items())
        stored = catalogue.stored(train["yt_reel_id"])
        np.testing.assert_allclose(stored.vectors["title"], encoder.encode(stored.texts["title"]), atol=1e-3)
    assert examine(folder) == []


def test_repair_of_a_sound_catalogue_changes_nothing(sound, tmp_path):
    folder = fresh(sound, tmp_path / "index")
    assert examine(folder, repair=True) == []
    assert not (folder / "catalogue.damaged.sqlite").exists()
    assert clips_of(folder)[0]


def test_a_file_that_nothing_can_be_read_of_is_left_as_it_is(sound, tmp_path):
    folder = fresh(sound, tmp_path / "index")
    (folder / FILE_NAME).write_bytes(b"nothing" * 1000)
    (folder / WAL).unlink()
    (finding,) = examine(folder, repair=True)
    assert not finding.mended
    assert "restore a copy" in finding.remedy
    assert (folder / FILE_NAME).read_bytes() == b"nothing" * 1000


def test_looking_at_a_damaged_file_does_not_make_it_trusted(sound, tmp_path):
    folder = fresh(sound, tmp_path / "index")
    with Catalogue(folder):
        pass
    # in a text, where the structure stays whole
    place = (folder / FILE_NAME).read_bytes().index("Лунтик и мёд".encode())
    flip(FILE_NAME, place + 1, 0x01)(folder)
    for _ in range(2):
        assert [finding.mended for finding in examine(folder)] == [False]
        with pytest.raises(CatalogueError, match="doctor --repair"):
            Catalogue(folder)


def test_a_file_that_changes_while_it_is_open_is_verified_by_the_next_to_open_it(sound, tmp_path):
    folder = fresh(sound, tmp_path / "index")
    with Catalogue(folder):
        pass
    with Catalogue(folder):
        place = (folder / FILE_NAME).read_bytes().index("Лунтик и мёд".encode())
        flip(FILE_NAME, place + 1, 0x01)(folder)
    with pytest.raises(CatalogueError, match="checksum"):
        Catalogue(folder)


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_a_repair_that_is_killed_while_it_swaps_the_files_is_finished_by_the_next_to_open_it(
    sound, tmp_path, monkeypatch, moved
):
    folder = fresh(sound, tmp_path / "index")
    place = (folder / FILE_NAME).read_bytes().index("Лунтик и мёд".encode())
    flip(FILE_NAME, place + 1, 0x01)(folder)
    replace, calls = Path.replace, []

    def killed(self, target):
        if self.parent == folder and self.name.startswith("catalogue.") and len(calls) == moved:
            raise KeyboardInterrupt
        calls.append(self)
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            examine(folder, repair=True)
    if (folder / FILE_NAME).exists():
        assert not moved
        examine(folder, repair=True)
    with Catalogue(folder, create=True) as catalogue:
        assert len(catalogue) == 199
    assert {path.name for path in folder.glob("catalogue.*")} == {
        FILE_NAME,
        "catalogue.seal.json",
        "catalogue.damaged.sqlite",
    } | {path.name for path in folder.glob("catalogue.damaged.sqlite-*")}


def test_a_file_that_others_have_open_is_not_mended_under_them(sound, tmp_path):
    folder = fresh(sound, tmp_path / "index")
    with Catalogue(folder) as reader:
        place = (folder / FILE_NAME).read_bytes().index("Лунтик и мёд".encode())
        flip(FILE_NAME, place + 1, 0x01)(folder)
        with pytest.raises(CatalogueError, match="have it open"):
            examine(folder, repair=True)
        assert len(reader) == 200
    assert examine(folder, repair=True)[0].mended


# ------------------------------------------------------------------------------------------------------ copies, backups


def test_a_copied_folder_opens_wherever_it_is(sound, expected, tmp_path):
    folder = Path(shutil.copytree(sound, tmp_path / "elsewhere", copy_function=shutil.copyfile))
    for name, question in QUESTIONS.items():
        assert question(folder) == expected[name][0]
    assert examine(folder) == []


def test_an_older_file_put_back_under_newer_snapshots_is_searched_rightly(fitted, encoder, tmp_path):
    with Catalogue(fitted) as catalogue:
        catalogue.encoder = encoder
        wanted = similar(catalogue, IDS[0], k=5)
    shutil.copy(fitted / FILE_NAME, tmp_path / "backup")
    with Catalogue(fitted) as catalogue, catalogue.writing("add"):
        catalogue.encoder = encoder
        catalogue.remove([clip["yt_reel_id"] for clip in wanted])
        catalogue.add(iter_clips(make_table(per_title=2, first=90)))
        refresh_snapshots(catalogue)
    shutil.copy(tmp_path / "backup", fitted / FILE_NAME)
    with Catalogue(fitted) as catalogue:
        assert similar(catalogue, IDS[0], k=5) == wanted
        # the same number of generations again, by another way
        catalogue.remove(IDS[1:2])
        catalogue.label(IDS[2:3], "Буба")
        assert similar(catalogue, IDS[0], k=5) == wanted


def test_a_log_without_its_file_is_not_taken_for_that_of_a_new_one(sound, tmp_path, encoded):
    folder = fresh(sound, tmp_path / "index")
    (folder / FILE_NAME).unlink()
    with pytest.raises(CatalogueError, match="holds no catalogue"):
        Catalogue(folder)
    with Catalogue(folder, create=True) as catalogue:
        assert len(catalogue) == 0
        catalogue.add(iter_clips(make_table(per_title=1)))
        assert len(catalogue) == 25
    with sqlite3.connect(folder / FILE_NAME) as sql:
        sql.create_function("check_of_row", -1, lambda *_: 0, deterministic=True)
        assert sql.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    sql.close()


def test_a_vector_that_is_none_is_encoded_again(tmp_path, encoded):
    """One that the checksum of its row is right of."""
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        catalogue.add(iter_clips(make_table(per_title=1)))
        catalogue.database.sql.execute("UPDATE vectors SET vector = zeroblob(32) WHERE vector_key = 2")
    assert len(examine(tmp_path / "index")) == 1
    assert all(finding.mended for finding in examine(tmp_path / "index", repair=True))
    assert examine(tmp_path / "index") == []
