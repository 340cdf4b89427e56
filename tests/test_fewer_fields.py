"""Clips with fewer fields lack just those, and trees are given evidence of them."""

import numpy as np
import pytest
from test_evidence import training  # noqa: F401 the fixture

from smf_embed.evidence import COLUMNS
from smf_embed.fewer_fields import KINDS, with_fewer_fields
from smf_embed.lexicon import Lexicon
from smf_embed.training import TrainingClips, out_of_fold_evidence


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_named_stays(training, kind) -> None:  # noqa: F811
    clips = training[0]
    less = with_fewer_fields(clips, np.full(len(clips), list(KINDS).index(kind)))
    texts, columns = KINDS[kind]
    for before, after in zip(clips.clips, less.clips, strict=True):
        gone = {*columns, *(f"{field}_text" for field in texts)}
        assert {key for key in before if before[key] != after[key]} <= gone
        assert all(after[key] is None for key in gone)
    for field, vectors in less.vectors.items():
        expected = np.zeros_like(vectors) if field in texts else clips.vectors[field]
        np.testing.assert_array_equal(vectors, expected)
    assert clips.vectors["description"].any(), "the clips that were given stay whole"
    numbers = less.numbers[:, :1]
    assert np.isnan(numbers).all() == ("seconds" in columns)
    assert all(less.channels == "") == ("yt_channel_id" in columns)


def test_evidence_of_fewer_fields_is_out_of_fold_and_lacks_them(training) -> None:  # noqa: F811
    clips, labels, groups, folds = training
    known = TrainingClips(clips, labels, groups, folds, ["none", "Буба", "Лунтик", "Фиксики"], Lexicon(), seed=0)
    whole, less = out_of_fold_evidence(known, known.builder(), lambda _: None)
    asked = np.unique(less.clips)
    assert set(np.flatnonzero(labels > 0)) <= set(asked)
    assert 0 < (labels[asked] == 0).sum() < (labels == 0).sum()
    value = {name: less.values[:, place] for place, name in enumerate(COLUMNS)}
    without_description = np.isnan(value["description_votes_20"])
    assert without_description.any()
    assert not without_description.all()
    # what a clip sees is what it saw with all fields, where the field is not missing
    place = list(COLUMNS).index("title_best")
    pairs = {(clip, project): row for row, (clip, project) in enumerate(zip(whole.clips, whole.projects, strict=True))}
    for row, pair in enumerate(zip(less.clips, less.projects, strict=True)):
        if pair in pairs:
            np.testing.assert_allclose(less.values[row, place], whole.values[pairs[pair], place], atol=1e-5)
