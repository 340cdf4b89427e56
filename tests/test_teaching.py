"""Projects without a new fit: taught ones are found, others keep their decisions, a killed command loses nothing."""

import itertools
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import contents

from smf_embed import Catalogue, Classifier
from smf_embed.audit import audit
from smf_embed.clip_tables import iter_clips
from smf_embed.clips import TEXT_FIELDS
from smf_embed.errors import CatalogueError, InputError, ModelError
from smf_embed.evidence import unknown_channels
from smf_embed.judging import by_folds_of_the_fit
from smf_embed.lexicon import Entry, Lexicon
from smf_embed.model_files import MODEL_FOLDER, read_manifest
from smf_embed.teaching import forget, merge, rename, teach

NEW = "Грузовичок Лёва"
TAUGHT = [
    "Грузовичок Лёва и самосвал",
    "Лёва: пожарная машина",
    "Грузовичок Лёва строит дом",
    "Лёва грузовичок. Экскаватор",
    "Лёва-грузовичок и трактор",
]
LATER = ["Грузовичок Лёва и подъёмный кран", "Лёва грузовичок ищет ключ", "Новая серия! Грузовичок Лёва и каток"]
IDS = [f"-lev{row}" for row in range(len(TAUGHT))]
LATER_IDS = [f"later{row}" for row in range(len(LATER))]


def lev_table() -> pd.DataFrame:
    rows = [
        {"yt_reel_id": clip, "reel_name": title, "yt_channel_id": f"UClev{row % 2}"}
        for row, (clip, title) in enumerate(zip(IDS + LATER_IDS, TAUGHT + LATER, strict=True))
    ]
    return pd.DataFrame([*rows, {"yt_reel_id": "empty", "reel_name": " ", "yt_channel_id": "UClev0"}])


@pytest.fixture(scope="session")
def prepared(fitted_folder, encoder, test_table, tmp_path_factory) -> Path:
    """The fitted catalogue with clips of a new project and of the known ones, all without labels."""
    folder = shutil.copytree(fitted_folder, tmp_path_factory.mktemp("prepared") / "index")
    with Catalogue(folder) as catalogue:
        catalogue.encoder = encoder
        catalogue.add(iter_clips(lev_table()))
        catalogue.add(iter_clips(test_table.drop(columns="cartoon")))
    return Path(folder)


@pytest.fixture
def index(prepared, tmp_path) -> Path:
    """A copy of `prepared` that may be changed."""
    return Path(shutil.copytree(prepared, tmp_path / "index"))


def decided(folder: Path, ids: list[str]) -> dict[str, str]:
    with Catalogue(folder) as catalogue:
        decisions = Classifier.load(folder / MODEL_FOLDER, catalogue).predict(catalogue.stored(ids))
    return dict(zip(decisions["yt_reel_id"], decisions["cartoon"], strict=True))


def state(folder: Path) -> tuple[str, str]:
    return contents(folder), (folder / MODEL_FOLDER / "manifest.json").read_text(encoding="utf-8")


def labels(folder: Path, ids: list[str]) -> set[str | None]:
    with Catalogue(folder) as catalogue:
        return {clip["cartoon"] for clip in catalogue.clips(ids)}


def taught_since(folder: Path) -> list[str]:
    return read_manifest(folder / MODEL_FOLDER).get("taught", [])


@pytest.mark.parametrize("count", [3, 5])
def test_a_project_of_a_few_clips_is_found_and_the_others_keep_their_decisions(index, test_table, count):
    others = test_table["yt_reel_id"].tolist()
    before = decided(index, others)
    assert NEW not in decided(index, LATER_IDS).values()
    with Catalogue(index) as catalogue:
        taught = teach(catalogue, NEW, IDS[:count])
    assert (taught.is_new, taught.clips, taught.texts["title"]) == (True, count, count)
    assert set(decided(index, LATER_IDS).values()) == {NEW}
    assert decided(index, others) == before
    assert taught_since(index) == [NEW]


@pytest.mark.slow
def test_a_taught_project_is_judged_by_the_trees_that_saw_such_projects_until_it_is_fitted(index):
    with Catalogue(index) as catalogue:
        teach(catalogue, NEW, IDS)
        model = Classifier.load(index / MODEL_FOLDER, catalogue)
        evidence = model.evidence(catalogue.stored(LATER_IDS))
        of_new = evidence.projects == model.projects.index(NEW)
        assert of_new.any()
        assert model._little_known(evidence)[of_new].all()
        # of the others the channel alone decides
        unknown = np.any([unknown_channels(evidence)[kind] for kind in model.manifest["rare_channels"]], axis=0)
        np.testing.assert_array_equal(model._little_known(evidence)[~of_new], unknown[~of_new])
        again = Classifier.fit(catalogue)
    assert not again._is_new[1:].any()


def test_more_clips_of_a_known_project_change_its_own_machine_and_no_other(index, monkeypatch):
    with Catalogue(index) as catalogue:
        teach(catalogue, NEW, IDS[:3])
        before = Classifier.load(index / MODEL_FOLDER, catalogue)
        taught = teach(catalogue, NEW, IDS[3:])
        after = Classifier.load(index / MODEL_FOLDER, catalogue)
    assert (taught.is_new, taught.clips) == (False, 5)
    assert before.projects == after.projects
    old, new = before._arrays["title_weights"], after._arrays["title_weights"]
    assert np.array_equal(old[:, :-1], new[:, :-1])
    assert not np.array_equal(old[:, -1], new[:, -1])
    assert {after._arrays[f"{field}_weights"].dtype for field in TEXT_FIELDS} == {np.dtype(np.float16)}
    assert before._trees == after._trees


def test_a_taught_model_decides_alike_when_it_is_saved_and_loaded_again(index):
    with Catalogue(index) as catalogue:
        teach(catalogue, NEW, IDS)
        model = Classifier.load(index / MODEL_FOLDER, catalogue)
        clips = catalogue.stored(LATER_IDS)
        first = model.predict(clips)
        model.save(index / MODEL_FOLDER)
        again = Classifier.load(index / MODEL_FOLDER, catalogue)
        pd.testing.assert_frame_equal(first, again.predict(clips))
        assert again.manifest["taught"] == [NEW]


def test_clips_that_were_labelled_before_count_too(index):
    with Catalogue(index) as catalogue:
        catalogue.label(IDS[:2], NEW)
        assert teach(catalogue, NEW, IDS[2:4]).clips == 4


def test_one_clip_is_enough_to_be_a_candidate(index):
    with Catalogue(index) as catalogue:
        assert teach(catalogue, NEW, IDS[:1]).clips == 1
        model = Classifier.load(index / MODEL_FOLDER, catalogue)
        evidence = model.evidence(catalogue.stored(LATER_IDS[:1]))
    assert NEW in [model.projects[number] for number in evidence.projects]


@pytest.mark.slow
def test_a_fit_learns_what_was_taught_like_all_others(index):
    with Catalogue(index) as catalogue:
        teach(catalogue, NEW, IDS)
        Classifier.fit(catalogue).save(index / MODEL_FOLDER)
    assert taught_since(index) == []
    assert NEW in read_manifest(index / MODEL_FOLDER)["projects"]


@pytest.mark.parametrize(
    ("project", "ids", "words"),
    [
        (NEW, ["gone1", IDS[0], "gone2"], "gone1, gone2: not in the catalogue"),
        (NEW, [], "at least one clip"),
        (NEW, ["empty"], "no text"),
        ("none", IDS, "no project that can be taught"),
        ("None", IDS, "no project that can be taught"),
        (" ", IDS, "must have a name"),
        ("буба", IDS, "differs from the project 'Буба' by case and spaces"),
        ("Бу ба", IDS, "differs from the project 'Буба' by case and spaces"),
    ],
)
def test_what_cannot_be_taught_is_refused_and_changes_nothing(index, project, ids, words):
    before = state(index)
    with Catalogue(index) as catalogue, pytest.raises(InputError, match=words):
        teach(catalogue, project, ids)
    assert state(index) == before


def test_without_a_model_or_beside_another_writer_nothing_is_taught(index):
    before = state(index)
    with (
        Catalogue(index) as writer,
        writer.writing("add"),
        Catalogue(index) as catalogue,
        pytest.raises(CatalogueError, match="is being written"),
    ):
        teach(catalogue, NEW, IDS)
    assert state(index) == before
    shutil.rmtree(index / MODEL_FOLDER)
    with Catalogue(index) as catalogue, pytest.raises(ModelError, match="smf-embed fit"):
        teach(catalogue, NEW, IDS)
    assert contents(index) == before[0]


def test_forgetting_what_was_taught_gives_the_decisions_of_before(index, test_table):
    everything = [*LATER_IDS, *IDS, *test_table["yt_reel_id"]]
    before, manifest = decided(index, everything), read_manifest(index / MODEL_FOLDER)
    with Catalogue(index) as catalogue:
        teach(catalogue, NEW, IDS)
        assert forget(catalogue, NEW) == len(IDS)
        assert [row["project"] for row in catalogue.label_history(IDS[0])] == [NEW, None]
    assert decided(index, everything) == before
    after = read_manifest(index / MODEL_FOLDER)
    assert after["taught"] == []
    assert {key: after[key] for key in ("projects", "sizes")} == {key: manifest[key] for key in ("projects", "sizes")}


def test_a_fitted_project_can_be_forgotten_and_taught_again(index, train, test_table):
    own = train.loc[train["cartoon"] == "Лунтик", "yt_reel_id"].tolist()
    asked = test_table["yt_reel_id"].tolist()
    before = decided(index, asked)
    with Catalogue(index) as catalogue:
        assert forget(catalogue, "Лунтик") == len(own)
    without = decided(index, asked)
    assert "Лунтик" not in without.values()
    assert all(without[clip] == before[clip] for clip in asked if before[clip] not in ("Лунтик", "none"))
    with Catalogue(index) as catalogue:
        teach(catalogue, "Лунтик", own)
    assert decided(index, asked) == before


def test_the_score_of_a_forgotten_project_is_not_that_of_one_that_gets_its_name(index):
    scores = read_manifest(index / MODEL_FOLDER)["metrics"]["by_project"]
    with Catalogue(index) as catalogue:
        forget(catalogue, "Лунтик")
        rename(catalogue, "Буба", "Лунтик")
    after = read_manifest(index / MODEL_FOLDER)["metrics"]["by_project"]
    assert after["Лунтик"] == scores["Буба"]
    assert len(after) == len(scores) - 1


def test_all_projects_can_be_forgotten(index, test_table):
    with Catalogue(index) as catalogue:
        for project in read_manifest(index / MODEL_FOLDER)["projects"][1:]:
            forget(catalogue, project)
    assert set(decided(index, test_table["yt_reel_id"].tolist()).values()) == {"none"}


def test_a_renamed_project_is_the_same_by_another_name(index, test_table):
    asked = test_table["yt_reel_id"].tolist()
    before, manifest = decided(index, asked), read_manifest(index / MODEL_FOLDER)
    with Catalogue(index) as catalogue:
        catalogue.save_lexicon(Lexicon([Entry("зелёный малыш", "Буба")]))
        clips = rename(catalogue, "Буба", "Буба и друзья")
        assert clips == manifest["sizes"]["Буба"]
        assert [entry.project for entry in catalogue.lexicon()] == ["Буба и друзья"]
        assert "Буба" not in catalogue.projects()
    renamed = decided(index, asked)
    assert sum(name == "Буба и друзья" for name in renamed.values()) > 0.8 * sum(n == "Буба" for n in before.values())
    with Catalogue(index) as catalogue:
        rename(catalogue, "Буба и друзья", "Буба")
    assert decided(index, asked) == before
    assert read_manifest(index / MODEL_FOLDER)["metrics"] == manifest["metrics"]


def folds_said(folder: Path) -> pd.DataFrame:
    """The decisions of the folds with their labels, as `evaluate` without a table scores them."""
    with Catalogue(folder) as catalogue:
        judged = by_folds_of_the_fit(Classifier.load(folder / MODEL_FOLDER, catalogue), catalogue)
    assert "left out" not in judged.how
    return judged.table.set_index("yt_reel_id")


def named_by_the_audit(folder: Path) -> set[str]:
    with Catalogue(folder) as catalogue:
        found = audit(catalogue, Classifier.load(folder / MODEL_FOLDER, catalogue), queue=0)
    return {*found["cartoon"], *found["suggested"]}


def test_what_the_folds_said_has_the_new_name_of_a_renamed_project(index):
    before = folds_said(index)
    with Catalogue(index) as catalogue:
        rename(catalogue, "Буба", "Буба и друзья")
    expected = before.replace({name: {"Буба": "Буба и друзья"} for name in ("cartoon", "label", "runner_up")})
    pd.testing.assert_frame_equal(folds_said(index), expected)
    assert "Буба" not in named_by_the_audit(index)


def test_what_the_folds_said_of_merged_projects_is_said_of_one(index):
    before = folds_said(index)
    with Catalogue(index) as catalogue:
        merge(catalogue, "Лунтик", "Буба")
    after = folds_said(index)
    assert set(after.index) == set(before.index)
    assert "Лунтик" not in {*after["cartoon"], *after["label"], *after["runner_up"]}
    both = before["cartoon"].isin(["Лунтик", "Буба"])
    assert (after.loc[both, "cartoon"] == "Буба").all()
    others = before["cartoon"].isin(["Фиксики", "Пороро"])
    assert (after.loc[others, "cartoon"] == before.loc[others, "cartoon"]).all()
    assert (after["cartoon"] == after["label"]).mean() >= (before["cartoon"] == before["label"]).mean()
    assert "Лунтик" not in named_by_the_audit(index)


def test_a_fitted_project_merged_into_a_taught_one_keeps_what_its_folds_said(index):
    before = folds_said(index)
    with Catalogue(index) as catalogue:
        teach(catalogue, NEW, IDS)
        merge(catalogue, "Лунтик", NEW)
    after = folds_said(index)
    pd.testing.assert_series_equal(after["label"], before["label"].replace("Лунтик", NEW))
    pd.testing.assert_series_equal(after["confidence"], before["confidence"])


def test_the_folds_say_nothing_of_a_project_that_is_forgotten(index):
    before = folds_said(index)
    with Catalogue(index) as catalogue:
        forget(catalogue, "Лунтик")
    after = folds_said(index)
    assert set(after.index) == set(before.index[before["label"] != "Лунтик"])
    assert "Лунтик" not in {*after["cartoon"], *after["runner_up"]}
    others = after.index[before.loc[after.index, "cartoon"] != "Лунтик"]
    pd.testing.assert_series_equal(after.loc[others, "cartoon"], before.loc[others, "cartoon"])
    assert "Лунтик" not in named_by_the_audit(index)


def test_only_the_case_of_a_name_may_change(index):
    with Catalogue(index) as catalogue:
        assert rename(catalogue, "Буба", "БУБА") > 0
        assert rename(catalogue, "БУБА", "БУБА") == 0
    assert "БУБА" in read_manifest(index / MODEL_FOLDER)["projects"]


def test_two_spellings_are_merged_into_one_project(index, train, test_table):
    asked = test_table["yt_reel_id"].tolist()
    before = decided(index, asked)
    own = train.loc[train["cartoon"] == "Буба", "yt_reel_id"].tolist()
    with Catalogue(index) as catalogue:
        catalogue.save_lexicon(Lexicon([Entry("крокодил гена", "Зелёный малыш")]))
        teach(catalogue, "Зелёный малыш", own[::2])
        assert merge(catalogue, "Зелёный малыш", "Буба") == len(own)
        names = {entry.key: entry.project for entry in catalogue.lexicon()}
        assert names == {"зеленый малыш": "Буба", "крокодил гена": "Буба"}
        model = Classifier.load(index / MODEL_FOLDER, catalogue)
        found = model._names.signals("title", ["зелёный малыш и мяч", "крокодил гена"], ["", ""], ["", ""])
    assert (found.kind[:, model.projects.index("Буба")] > 0).all()
    assert "Зелёный малыш" not in model.projects
    assert decided(index, asked) == before
    assert taught_since(index) == ["Буба"]


@pytest.mark.parametrize(
    ("change", "names", "words"),
    [
        (forget, ("Нет такого",), "neither the model nor a label"),
        (forget, ("буба",), "did you mean 'Буба'"),
        (forget, ("none",), "cannot be forgotten"),
        (rename, ("Нет такого", "Буба 2"), "neither the model nor a label"),
        (rename, ("Буба", "Лунтик"), "smf-embed merge"),
        (rename, ("Буба", "лунтик"), "case and spaces"),
        (rename, ("none", "Лунтик 2"), "cannot be renamed"),
        (rename, ("Буба", "none"), "cannot be renamed"),
        (merge, ("Буба", "Буба"), "one project already"),
        (merge, ("Буба", "Нет такого"), "neither the model nor a label"),
        (merge, ("Буба", "none"), "cannot be merged"),
    ],
)
def test_what_cannot_be_changed_is_refused_and_changes_nothing(index, change, names, words):
    before = state(index)
    with Catalogue(index) as catalogue, pytest.raises(InputError, match=words):
        change(catalogue, *names)
    assert state(index) == before


CHANGES = {
    "teach": lambda catalogue: teach(catalogue, NEW, IDS),
    "forget": lambda catalogue: forget(catalogue, "Лунтик"),
    "rename": lambda catalogue: rename(catalogue, "Лунтик", "Лунтик и Кузя"),
    "merge": lambda catalogue: merge(catalogue, "Лунтик", "Буба"),
}
STEPS = ("smf_embed.catalogue.Catalogue.label", "smf_embed.model_files.write_sealed_json")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "step"), list(itertools.product(CHANGES, STEPS)))
def test_killed_between_its_steps_a_change_leaves_a_model_that_decides_and_can_be_done_again(
    index, tmp_path, test_table, monkeypatch, name, step
):
    asked = [*LATER_IDS, *test_table["yt_reel_id"]]
    whole = Path(shutil.copytree(index, tmp_path / "whole"))
    with Catalogue(whole) as catalogue:
        CHANGES[name](catalogue)
    before = decided(index, asked)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, Catalogue(index) as catalogue:
        patched.setattr(step, killed)
        with pytest.raises(KeyboardInterrupt):
            CHANGES[name](catalogue)
    between = decided(index, asked)
    if name == "teach":
        assert between == before
    with Catalogue(index) as catalogue:
        CHANGES[name](catalogue)
    assert decided(index, asked) == decided(whole, asked)
    again, once = (read_manifest(folder / MODEL_FOLDER) for folder in (index, whole))
    assert {key: again[key] for key in again if key != "files"} == {key: once[key] for key in once if key != "files"}


@pytest.mark.slow
def test_the_commands_teach_from_words_and_files(index, run, tmp_path):
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(IDS[1:3]) + "\n\n", encoding="utf-8-sig")
    code, out, _ = run("teach", NEW, "--from", ids, "--catalogue", index, "--", IDS[0])
    assert code == 0
    assert f"{NEW} is known now: 3 clips" in out
    lev_table().iloc[3:5].to_csv(tmp_path / "table.csv", index=False, sep=";")
    code, out, _ = run("teach", NEW, "--from", tmp_path / "table.csv", "--catalogue", index)
    assert (code, "5 clips" in out) == (0, True)
    lev_table().iloc[:5].to_parquet(tmp_path / "table.parquet")
    assert run("teach", NEW, "--from", tmp_path / "table.parquet", "--catalogue", index)[0] == 0
    assert NEW in run("info", "--catalogue", index)[1].splitlines()[-1]
    assert json.loads(run("info", "--json", "--catalogue", index)[1])["model"]["taught since"] == NEW
    assert run("rename", NEW, "Лёва", "--catalogue", index)[0] == 0
    assert run("merge", "Лёва", "Буба", "--catalogue", index)[0] == 0
    assert run("forget", "Буба", "--catalogue", index)[0] == 0
    assert labels(index, IDS) == {None}


def test_two_clips_are_taught_with_a_word_of_warning(index, run):
    code, _, err = run("teach", NEW, "--catalogue", index, "--", *IDS[:2])
    assert (code, "these are few" in err) == (0, True)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no such file"), (b"\n \n", "no id"), (b"\xff\xfe\x00\xd8", "UTF-8"), (b"yt_reel_id,reel_name\n", "no id")],
)
def test_a_file_without_ids_is_refused_in_one_line(index, run, tmp_path, content, words):
    path = tmp_path / "ids.csv"
    if content is not None:
        path.write_bytes(content)
    before = state(index)
    code, out, err = run("teach", NEW, "--from", path, "--catalogue", index)
    assert (code, out, err.count("\n"), words in err) == (2, "", 1, True)
    assert state(index) == before


def test_teaching_takes_two_seconds_at_most_in_a_small_catalogue(index):
    with Catalogue(index) as catalogue:
        teach(catalogue, NEW, IDS[:3])
        started = time.process_time()
        teach(catalogue, NEW, IDS[3:])
        assert time.process_time() - started < 2
