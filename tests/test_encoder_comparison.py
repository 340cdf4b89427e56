"""The comparison of encoders: the score is what brute force says, and the command takes any list of names."""

import json

import numpy as np
import pytest

from smf_embed.catalogue import Catalogue
from smf_embed.clip_tables import iter_clips
from smf_embed.encoder_comparison import draw_sample, neighbour_score
from smf_embed.errors import InputError
from smf_embed.metrics import score


def brute_force(vectors, labels, folds):
    said = []
    for row, vector in enumerate(vectors):
        others = [
            (vector @ vectors[other] / np.linalg.norm(vector) / np.linalg.norm(vectors[other]), labels[other])
            for other in range(len(vectors))
            if folds[other] != folds[row]
        ]
        votes: dict[str, float] = {}
        for similarity, label in sorted(others, reverse=True)[:10]:
            votes[label] = votes.get(label, 0) + max(similarity, 1e-6)
        said.append(max(votes, key=lambda label: votes[label]))
    return score(labels, said)["macro_f1"]


def test_the_score_is_that_of_brute_force():
    random = np.random.default_rng(0)
    centres = random.normal(size=(4, 8))
    classes = random.integers(0, 4, 120)
    vectors = centres[classes] + random.normal(size=(120, 8))
    labels = [f"p{number}" for number in classes]
    folds = random.integers(0, 5, 120)
    found = neighbour_score(vectors, labels, folds)
    assert found == pytest.approx(brute_force(vectors, labels, folds))
    assert 0.4 < found < 0.99
    # vectors that know nothing tell next to nothing
    assert neighbour_score(random.normal(size=(120, 8)), labels, folds) < 0.45


def test_near_duplicates_are_never_judged_by_each_other(train, encoded, tmp_path):
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        titles = train["reel_name"].str.replace(r" \d+$", "", regex=True)
        catalogue.add(iter_clips(train.assign(reel_name=titles, text=titles)))
        sample = draw_sample(catalogue, size=1000)
    by_text: dict[tuple[str, ...], set[int]] = {}
    for *texts, fold in zip(*sample.texts.values(), sample.folds, strict=True):
        by_text.setdefault(tuple(texts), set()).add(int(fold))
    assert len(by_text) < len(sample.labels)
    assert all(len(folds) == 1 for folds in by_text.values())
    assert len(by_text) == 25
    assert len(set(sample.folds.tolist())) == 5


def test_a_sample_has_projects_and_none_half_and_half(train, encoded, tmp_path):
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        catalogue.add(iter_clips(train))
        sample = draw_sample(catalogue, size=40)
        again = draw_sample(catalogue, size=40)
        catalogue.label([*train["yt_reel_id"]], "none")
        with pytest.raises(InputError, match="at least two classes"):
            draw_sample(catalogue, size=40)
    assert len(sample.labels) == 40
    assert sample.labels.count("none") == 20
    assert sample.texts == again.texts


def test_labelled_clips_without_any_text_are_told(run, encoded, train, tmp_path):
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        catalogue.add(iter_clips(train.assign(reel_name=None, text=None)))
    code, out, err = run("encoders", "builtin", "--catalogue", tmp_path / "index")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "none of the labelled clips has a title or a description" in err


@pytest.mark.slow
def test_encoders_are_compared_and_those_that_fail_are_told(run, fitted_folder, tiny_model, tmp_path):
    (tmp_path / "empty").mkdir()
    words = ["encoders", tiny_model, tmp_path / "empty", "--catalogue", fitted_folder, "--clips", 100]
    code, out, err = run(*words, "--json")
    assert code == 2
    assert "the folder is empty" in err
    assert err.count("\n") == 1
    (found,) = json.loads(out)
    assert found["encoder"] == tiny_model
    assert found["dimension"] == 32
    assert 0 < found["macro_f1"] <= 1
    assert found["texts_per_second"] > 0
    assert found["megabytes"] > 50
    code, out, err = run(*words[:2], *words[3:])
    assert (code, err) == (0, "")
    assert "macro-F1" in out
    assert tiny_model in out.replace("\n", "")
