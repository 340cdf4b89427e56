"""What the folds said of each clip survives the way to the disk, and probabilities of a clip add up to one."""

import numpy as np
import pytest

from smf_embed.catalogue import Catalogue
from smf_embed.classifier import MODEL_FOLDER, Classifier
from smf_embed.errors import ModelError
from smf_embed.out_of_fold import OutOfFold


def some() -> OutOfFold:
    return OutOfFold(
        ["a", "-b_1", "ц"],
        ["none", "Буба", "Лунтик"],
        np.array([1, 0, 2]),
        np.array([0, 0, 2]),
        np.array([1, 2, 1]),
        np.array([0.9, 0.6, 0.25], dtype=np.float32),
    )


def test_arrays_give_the_same_back() -> None:
    again = OutOfFold.from_arrays(some().to_arrays())
    assert (again.ids, again.projects) == (some().ids, some().projects)
    for name in ("labels", "clips", "candidates", "probability"):
        np.testing.assert_array_equal(getattr(again, name), getattr(some(), name))


def test_no_clips_are_no_ids() -> None:
    nothing = np.array([], dtype=int)
    arrays = OutOfFold([], ["none"], nothing, nothing, nothing, nothing.astype(np.float32)).to_arrays()
    assert OutOfFold.from_arrays(arrays).ids == []


def test_the_probabilities_of_a_clip_and_of_none_add_up_to_one() -> None:
    expected = [[0.0, 0.6, 0.4], [1.0, 0.0, 0.0], [0.75, 0.25, 0.0]]
    np.testing.assert_allclose(some().matrix(), expected, atol=1e-6)


def test_a_model_of_before_is_refused_with_the_remedy() -> None:
    arrays = some().to_arrays()
    del arrays["out_of_fold_labels"]
    with pytest.raises(ModelError, match="smf-embed fit"):
        OutOfFold.from_arrays(arrays)


def test_a_new_name_changes_nothing_else() -> None:
    renamed = some().renamed("Буба", "Буба и друзья")
    assert renamed.projects == ["none", "Буба и друзья", "Лунтик"]
    np.testing.assert_array_equal(renamed.matrix(), some().matrix())
    assert some().renamed("Фиксики", "Пороро").projects == some().projects


@pytest.mark.parametrize(("source", "into"), [("Буба", "Лунтик"), ("Лунтик", "Буба")])
def test_of_two_projects_that_become_one_a_clip_keeps_the_higher_probability(source: str, into: str) -> None:
    joined = some().renamed(source, into)
    assert joined.projects == ["none", into]
    assert joined.ids == some().ids
    np.testing.assert_array_equal(joined.labels, [1, 0, 1])
    np.testing.assert_allclose(joined.matrix(), [[0.1, 0.9], [1.0, 0.0], [0.75, 0.25]], atol=1e-6)


def test_a_project_that_goes_takes_its_clips_and_its_pairs_along() -> None:
    rest = some().without("Буба")
    assert (rest.ids, rest.projects) == (["-b_1", "ц"], ["none", "Лунтик"])
    np.testing.assert_array_equal(rest.labels, [0, 1])
    np.testing.assert_allclose(rest.matrix(), [[1.0, 0.0], [1.0, 0.0]])
    rest = some().without("Лунтик")
    assert (rest.ids, rest.projects) == (["a", "-b_1"], ["none", "Буба"])
    np.testing.assert_allclose(rest.matrix(), [[0.1, 0.9], [1.0, 0.0]], atol=1e-6)


def test_clips_that_are_gone_or_labelled_anew_are_told() -> None:
    assert some().still_labelled({"a": "Буба", "-b_1": "Буба", "ц": None}).tolist() == [True, False, False]
    kept = some().part(some().still_labelled({"a": "Буба", "ц": "Лунтик"}))
    assert kept.ids == ["a", "ц"]
    np.testing.assert_allclose(kept.matrix(), some().matrix()[[0, 2]])


def test_a_loaded_model_knows_what_its_folds_said(fitted_folder, train) -> None:
    with Catalogue(fitted_folder) as catalogue:
        said = Classifier.load(fitted_folder / MODEL_FOLDER, catalogue).out_of_fold()
    assert sorted(said.ids) == sorted(train["yt_reel_id"])
    labels = dict(zip(train["yt_reel_id"], train["cartoon"], strict=True))
    assert [said.projects[number] for number in said.labels] == [labels[identifier] for identifier in said.ids]
    decided = said.matrix().argmax(axis=1)
    assert (decided == said.labels).mean() > 0.7
