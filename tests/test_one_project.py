"""What is learned of one project alone is what learning all projects at once gives it."""

from collections import Counter

import numpy as np
import pytest

from smf_embed import Catalogue, Classifier
from smf_embed.aliases import mine_aliases, mine_aliases_of
from smf_embed.clip_tables import iter_clips
from smf_embed.datasets import make_demo
from smf_embed.model_files import MODEL_FOLDER
from smf_embed.one_project import FieldTexts
from smf_embed.word_rows import DistinctTexts


def test_phrases_of_one_project_have_the_precision_that_mining_all_gives_them():
    demo = make_demo(scale=0.01, seed=1).train
    titles = demo["reel_name"].fillna("").str.lower().tolist()
    projects = ["none", *sorted(set(demo["cartoon"]) - {"none"})]
    numbers = np.array([projects.index(name) for name in demo["cartoon"]])
    whole = {
        alias.text: alias
        for alias in mine_aliases(DistinctTexts.of(titles), numbers, len(projects), naming=None).aliases
    }
    compared = 0
    for project in range(1, len(projects)):
        own = [title for title, number in zip(titles, numbers, strict=True) if number == project]
        others = [title for title, number in zip(titles, numbers, strict=True) if number != project]
        for alias in mine_aliases_of(project, Counter(own), Counter(others)):
            there = whole.get(alias.text)
            if there is not None and there.project == project:
                compared += 1
                assert alias.precision == pytest.approx(there.precision, abs=0.05)
    assert compared > 50


@pytest.mark.parametrize(("own", "others"), [(1, 1), (9, 1), (1, 9), (2, 3)])
def test_a_text_that_others_have_too_is_shared_by_how_many_clips_have_it(own, others):
    shared = ["буба поёт", "буба танцует", "буба спит", "буба ест"]
    mined = mine_aliases_of(1, dict.fromkeys([*shared, "буба едет"], own), dict.fromkeys([*shared, "новости"], others))
    texts = [*[*shared, "буба едет"] * own, *[*shared, "новости"] * others]
    labels = np.array([1] * 5 * own + [0] * 5 * others)
    assert mined == mine_aliases(DistinctTexts.of(texts), labels, 2, naming=None).aliases


def test_texts_are_read_with_how_many_clips_have_them(fitted, train):
    with Catalogue(fitted) as catalogue:
        catalogue.add(iter_clips(train.head(2).assign(yt_reel_id=["twin1", "twin2"], cartoon=["Буба", "none"])))
        texts = FieldTexts.read(catalogue, "title", "Буба")
    own = [texts.n_clips[row] for row in np.flatnonzero(texts.is_own)]
    assert sorted(own)[-2:] == [1, 2]
    assert texts.n_clips.sum() == len(train) + 2


def test_a_machine_of_one_project_is_as_good_as_one_that_sees_all_texts(fitted, train):
    with Catalogue(fitted) as catalogue:
        model = Classifier.load(fitted / MODEL_FOLDER, catalogue)
        machines = model._labelled.builder.lexical["title"]
        texts = FieldTexts.read(catalogue, "title", "Буба")
        weights, bias = texts.fit_column(catalogue, "title", machines.idf)
        number = model.projects.index("Буба")
    assert texts.is_own.sum() == train.loc[train["cartoon"] == "Буба", "reel_name"].nunique()
    whole = machines.weights[:, number]
    assert weights @ whole / (np.linalg.norm(weights) * np.linalg.norm(whole)) > 0.95
    assert bias == pytest.approx(machines.bias[number], abs=0.2)
