"""Wrong labels stand out in what the other folds say of their clips."""

import numpy as np

from smf_embed.evidence import Evidence
from smf_embed.training import contradicted, thinned


def test_labels_that_the_other_folds_deny_are_found():
    labels = np.array([1, 1, 2, 0, 0, *([1] * 10), *([2] * 10)])  # clips from the sixth on are not looked at
    clips = np.array([0, 0, 1, 1, 2, 3, 4])
    projects = np.array([1, 2, 1, 2, 2, 1, 1])
    probability = np.array([0.99, 0.0, 0.001, 0.95, 0.3, 0.97, 0.4])
    evidence = Evidence(clips, projects, np.zeros((7, 1), dtype=np.float32), np.zeros(7, dtype=int))
    found = contradicted(evidence, probability, labels)
    # 0 fits, 1 is taken for another project, 2 is doubtful only, 3 of none is surely of a project, 4 may be of none
    assert found[:5].tolist() == [False, True, False, True, False]


def test_a_clip_of_a_project_that_is_not_even_a_candidate_is_denied():
    evidence = Evidence(np.array([0]), np.array([2]), np.zeros((1, 1), dtype=np.float32), np.zeros(1, dtype=int))
    assert contradicted(evidence, np.array([0.1]), np.array([1] * 10))[0]


def test_a_small_project_keeps_the_few_clips_that_it_has():
    evidence = Evidence(np.array([0]), np.array([2]), np.zeros((1, 1), dtype=np.float32), np.zeros(1, dtype=int))
    assert not contradicted(evidence, np.array([0.1]), np.array([1, 1, 1])).any()


def test_one_in_ten_of_the_easy_pairs_stands_for_all_of_them():
    taught = np.ones(1_100, dtype=bool)
    taught[:50] = False
    easy = np.arange(1_100) < 1_000
    weights = thinned(taught, easy, seed=0)
    assert (weights[:50] == 0).all()
    assert (weights[1_000:] == 1).all()
    assert np.count_nonzero(weights[50:1_000]) == 95
    assert weights.sum() == 1_050


def test_few_easy_pairs_are_all_kept():
    assert thinned(np.ones(60, dtype=bool), np.arange(60) < 40, seed=0).tolist() == [1.0] * 60
