"""Fit, save, load, predict: the same decisions after a round trip, damage is noticed, odd catalogues get one line."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from smf_embed import Catalogue, Classifier, classify
from smf_embed.classifier import deal_folds
from smf_embed.clip_tables import iter_clips
from smf_embed.datasets import make_demo
from smf_embed.errors import ModelError


@pytest.fixture(scope="module")
def demo():
    return make_demo(scale=0.01, seed=1)


@pytest.fixture(scope="module")
def fitted(demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of the demo's training clips, and of its test clips without labels, with a model beside it."""
    folder = tmp_path_factory.mktemp("fitted")
    with Catalogue(folder, create=True) as catalogue:
        catalogue.add(iter_clips(demo.train.drop(columns="cartoon_true")))
        catalogue.add(iter_clips(demo.test.drop(columns=["cartoon_true", "cartoon"])))
        Classifier.fit(catalogue).save(folder / "model")
    return folder


@pytest.mark.slow
def test_the_progress_of_a_fit_goes_from_nothing_to_all_in_even_steps(train, catalogue) -> None:
    told: list[tuple[float, str]] = []
    catalogue.add(iter_clips(train))
    Classifier.fit(catalogue, progress=lambda share, step: told.append((share, step)))
    np.testing.assert_allclose([share for share, _ in told], np.linspace(0, 1, len(told)))
    assert len({step for _, step in told}) == len(told) > 10
    assert told[-1] == (1.0, "done")


def decide(folder: Path, ids: list[str]) -> pd.DataFrame:
    with Catalogue(folder) as catalogue:
        return Classifier.load(folder / "model", catalogue).predict(catalogue.stored(ids))


@pytest.mark.slow
def test_decisions_are_far_better_than_chance_and_than_always_none(fitted: Path, demo) -> None:
    decisions = decide(fitted, demo.test["yt_reel_id"].tolist())
    truth = demo.test["cartoon"].to_numpy()
    said = decisions["cartoon"].to_numpy()
    is_project = truth != "none"
    assert (said == truth)[is_project].mean() > 0.5
    assert (said == truth)[~is_project].mean() > 0.94
    assert decisions["confidence"].between(0, 1).all()
    assert decisions["why"].str.len().gt(0).all()
    assert (decisions["cartoon"] != decisions["runner_up"]).all()


@pytest.mark.slow
def test_labels_dealt_at_random_score_at_chance(demo, tmp_path: Path) -> None:
    shuffled = demo.train.drop(columns="cartoon_true")
    shuffled["cartoon"] = np.random.default_rng(0).permutation(shuffled["cartoon"])
    with Catalogue(tmp_path, create=True) as catalogue:
        catalogue.add(iter_clips(shuffled))
        metrics = Classifier.fit(catalogue).manifest["metrics"]
    # the share of any one project is below 1 %, so nothing but a leak could lift the F1 of projects
    assert metrics["macro_f1"] < 0.06
    assert (metrics["project_or_none"]["recall"] or 0) < 0.15


@pytest.mark.slow
def test_the_same_clips_and_seed_give_the_same_model(fitted: Path) -> None:
    with Catalogue(fitted) as catalogue:
        again = Classifier.fit(catalogue)
    manifest = json.loads((fitted / "model" / "manifest.json").read_text(encoding="utf-8"))
    assert again.manifest["metrics"] == manifest["metrics"]
    assert again.manifest["threshold"] == manifest["threshold"]


@pytest.mark.slow
def test_a_saved_model_decides_as_before_and_holds_no_pickle(fitted: Path, demo, tmp_path: Path) -> None:
    ids = demo.test["yt_reel_id"].tolist()[:200]
    with Catalogue(fitted) as catalogue:
        model = Classifier.load(fitted / "model", catalogue)
        model.save(tmp_path / "copy")
        model.save(tmp_path / "copy")  # over itself
        copy = Classifier.load(tmp_path / "copy", catalogue)
        pd.testing.assert_frame_equal(model.predict(catalogue.stored(ids)), copy.predict(catalogue.stored(ids)))
    suffixes = sorted(path.suffix for path in (tmp_path / "copy").iterdir())
    assert suffixes == [".json", ".json", ".safetensors", ".txt"]


@pytest.mark.slow
def test_decisions_do_not_depend_on_the_company_of_a_clip(fitted: Path, demo) -> None:
    ids = demo.test["yt_reel_id"].tolist()[:60]
    together = decide(fitted, ids).set_index("yt_reel_id")
    alone = pd.concat([decide(fitted, [identifier]) for identifier in ids[::20]]).set_index("yt_reel_id")
    assert (together.loc[alone.index, "cartoon"] == alone["cartoon"]).all()
    np.testing.assert_allclose(together.loc[alone.index, "confidence"], alone["confidence"], atol=1e-3)


@pytest.mark.slow
def test_a_labelled_clip_is_decided_without_its_own_label(fitted: Path, demo) -> None:
    with Catalogue(fitted) as catalogue:
        model = Classifier.load(fitted / "model", catalogue)
        clip = demo.train["yt_reel_id"].iloc[5]
        evidence = model.evidence(catalogue.stored([clip]))
        nearest = [model._labelled.clips.clips[row]["yt_reel_id"] for row in evidence.nearest if row >= 0]
    assert clip not in nearest


@pytest.mark.slow
def test_classify_answers_with_label_decision_or_unknown(fitted: Path, demo) -> None:
    labelled, open_clip = demo.train["yt_reel_id"].iloc[0], demo.test["yt_reel_id"].iloc[0]
    answer = classify([labelled, open_clip, "never seen"], fitted)
    assert list(answer) == [labelled, open_clip, "never seen"]
    assert answer[labelled] == demo.train["cartoon"].iloc[0]
    assert answer[open_clip] == decide(fitted, [open_clip])["cartoon"].iloc[0]
    assert answer["never seen"] == "unknown"


def test_saving_a_model_touches_no_other_file_of_the_folder(fitted_folder: Path, tmp_path: Path) -> None:
    others = [tmp_path / name for name in (".env", "names of people.xlsx", "trees.md", ".gitignore")]
    for path in others:
        path.write_text("kept", encoding="utf-8")
    with Catalogue(fitted_folder) as catalogue:
        Classifier.load(fitted_folder / "model", catalogue).save(tmp_path)
    assert all(path.read_text(encoding="utf-8") == "kept" for path in others)


def test_no_clips_get_no_decisions(fitted_folder: Path) -> None:
    nothing = decide(fitted_folder, [])
    assert nothing.empty
    assert nothing["cartoon"].dtype == "str"


def test_a_model_that_was_just_fitted_decides_by_what_it_was_fitted_on(train, encoder, tmp_path: Path) -> None:
    with Catalogue(tmp_path, create=True) as catalogue:
        catalogue.encoder = encoder
        catalogue.add(iter_clips(train))
        model = Classifier.fit(catalogue)
        clips = catalogue.stored(train["yt_reel_id"].tolist()[:5])
        catalogue.label(train["yt_reel_id"].tolist(), "none")
    assert model.count_labelled(train["yt_reel_id"]) == len(train)
    assert model.predict(clips)["cartoon"].tolist() == train["cartoon"].tolist()[:5]


def clips(labels: list[str | None], title: str = "клип {}") -> pd.DataFrame:
    rows = range(len(labels))
    return pd.DataFrame(
        {
            "yt_reel_id": [f"id{row}" for row in rows],
            "reel_name": [title.format(row) for row in rows],
            "cartoon": labels,
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([None, None], "no clip is labelled"),
        (["none"] * 5, "all 5 labelled clips are 'none'"),
        (["Буба"] * 3, "all 3 labelled clips are 'Буба'"),
    ],
)
def test_too_few_classes_are_refused_in_words(labels: list[str | None], words: str, tmp_path: Path) -> None:
    with Catalogue(tmp_path, create=True) as catalogue:
        catalogue.add(iter_clips(clips(labels)))
        with pytest.raises(ModelError, match=words):
            Classifier.fit(catalogue)


@pytest.mark.slow
@pytest.mark.parametrize(
    "table",
    [
        clips(["Буба", "Буба", "none", "none", "none"]),  # two clips of one project
        clips(["Буба", "Лунтик", "Лунтик", "Буба"]),  # no none at all
        clips(["Буба", "none"]),  # one clip of each
        clips(["Буба", "none"] * 10, title="один и тот же клип"),  # all texts equal
        clips([f"Проект {row % 60}" for row in range(180)] + ["none"] * 200),  # many projects
    ],
    ids=["two clips", "no none", "one of each", "equal texts", "many projects"],
)
def test_odd_catalogues_give_decisions_or_one_line(table: pd.DataFrame, tmp_path: Path) -> None:
    with Catalogue(tmp_path, create=True) as catalogue:
        catalogue.add(iter_clips(table))
        if table["cartoon"].nunique() > 2 and len(table) > 100:
            model = Classifier.fit(catalogue)
            decisions = model.predict(catalogue.stored(table["yt_reel_id"].tolist()))
            assert set(decisions["cartoon"]) <= set(model.projects)
            assert len(decisions) == len(table)
            # none has a channel, so that a clip without one is like most
            assert "missing" not in model.manifest["rare_channels"]
            assert not model._little_known(model.evidence(catalogue.stored(table["yt_reel_id"].tolist()))).any()
        else:
            with pytest.raises(ModelError, match="too few or too much alike") as refused:
                Classifier.fit(catalogue)
            assert "\n" not in str(refused.value)


@pytest.mark.parametrize("damage", ["delete", "truncate", "flip", "manifest", "half a manifest"])
def test_a_damaged_model_is_refused(damage: str, fitted_folder: Path, tmp_path: Path) -> None:
    with Catalogue(fitted_folder) as catalogue:
        Classifier.load(fitted_folder / "model", catalogue).save(tmp_path)
        victim = next(tmp_path.glob("*.safetensors"))
        content = victim.read_bytes()
        if damage == "delete":
            victim.unlink()
        elif damage == "truncate":
            victim.write_bytes(content[: len(content) // 2])
        elif damage == "flip":
            victim.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
        else:
            half = '{"format_version": 1}' if damage == "half a manifest" else "{"
            (tmp_path / "manifest.json").write_text(half, encoding="utf-8")
        with pytest.raises(ModelError, match="smf-embed fit"):
            Classifier.load(tmp_path, catalogue)


def test_a_model_of_another_encoder_is_refused_naming_both(fitted_folder: Path, tmp_path: Path) -> None:
    with Catalogue(fitted_folder) as catalogue:
        model = Classifier.load(fitted_folder / "model", catalogue)
        model.manifest = model.manifest | {"fingerprint": "0123456789abcdef"}
        model.save(tmp_path)
        with pytest.raises(ModelError, match=f"0123456789abcdef.*{catalogue.fingerprint}"):
            Classifier.load(tmp_path, catalogue)


def test_folds_keep_near_duplicates_together_and_projects_even() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [500, 50, 7])
    groups = np.arange(557)
    groups[:40] = 0
    folds = deal_folds(labels, groups, 5, seed=3)
    assert len(set(folds[:40])) == 1
    assert set(np.bincount(folds[labels == 1], minlength=5)) == {10}
    assert np.bincount(folds[labels == 2], minlength=5).max() <= 2
    assert not np.array_equal(folds, deal_folds(labels, groups, 5, seed=int(rng.integers(9, 99))))
