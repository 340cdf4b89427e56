"""The clips of a channel and of channels like it vote: shares against a loop over all pairs."""

from collections.abc import Sequence

import numpy as np
import pytest

from smf_embed.channel_votes import ChannelVotes, TitledClips
from smf_embed.title_forms import title_forms

N_PROJECTS = 4


def clips_of(
    titles: Sequence[str],
    channels: Sequence[str],
    seconds: Sequence[float],
    vectors: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> TitledClips:
    return TitledClips(
        np.array(channels, dtype=object),
        title_forms(titles),
        np.log1p(np.array(seconds, dtype=np.float32)),
        np.zeros((len(titles), 4), dtype=np.float32) if vectors is None else vectors,
        np.full(len(titles), -1) if groups is None else groups,
    )


@pytest.fixture
def known() -> tuple[TitledClips, np.ndarray]:
    """90 clips on 6 channels, three of which have titles alike, and their labels."""
    rng = np.random.default_rng(7)
    channel = np.arange(90) % 6
    titles = [
        ["le club", "a / b", "серия 5", "шоу: начало", "день - 3", "x / y / z / w"][row % 7 % 6] for row in range(90)
    ]
    vectors = rng.normal(size=(90, 16)) + 4 * rng.normal(size=(4, 16))[np.minimum(channel, 3)]
    vectors[8] = 0.0
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    labels = rng.integers(0, N_PROJECTS, size=90)
    labels[channel == 2] = 0
    groups = np.arange(90)
    groups[[6, 12]] = 6
    seconds = [np.nan if row % 5 == 0 else 60.0 * row for row in range(90)]
    return clips_of(titles, [f"c{one}" for one in channel], seconds, vectors.astype(np.float32), groups), labels


def test_forms() -> None:
    forms = title_forms(["le club", "a / b / c / d", "шоу: начало", "день 3", "скуби-ду", ""])
    assert forms[:, 0] == pytest.approx(np.log1p([2, 7, 2, 2, 1, 0]))
    assert forms[:, 1:].tolist() == [[0, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_shares_equal_a_loop_over_all_pairs(known) -> None:
    clips, labels = known
    asked = clips._replace(groups=np.where(np.arange(90) % 2, -1, clips.groups))
    own, of_sisters = ChannelVotes(clips, labels, N_PROJECTS).ask(asked)

    vectors, channels, forms, seconds = clips.vectors, clips.channels, clips.forms, clips.seconds
    names = sorted(set(channels))
    mean = {name: vectors[channels == name].sum(axis=0) / ((channels == name).sum() + 3.0) for name in names}
    mean = {name: value / np.linalg.norm(value) for name, value in mean.items()}
    shows = {name for name in names if (labels[channels == name] > 0).any()}
    assert any(mean[a] @ mean[b] > 0.5 for a in names for b in shows - {a})
    assert "c2" not in shows
    for row in range(90):
        cosine = {name: mean[channels[row]] @ mean[name] for name in shows - {channels[row]}}
        best = max(cosine.values())
        total, total_of_sisters = np.zeros(N_PROJECTS), np.zeros(N_PROJECTS)
        for other in range(90):
            if channels[other] not in shows or (asked.groups[row] >= 0 and clips.groups[other] == asked.groups[row]):
                continue
            weight = np.exp(6 * (vectors[row] @ vectors[other] - 0.3))
            if channels[other] == channels[row]:
                cost = abs(forms[row, 0] - forms[other, 0])
                cost += 1.4 * (forms[row, 1] != forms[other, 1]) + 0.9 * (forms[row, 2] != forms[other, 2])
                cost += 0.7 * (forms[row, 3] != forms[other, 3])
                apart = 2 * abs(seconds[row] - seconds[other])
                cost += 1.2 if np.isnan(apart) else min(apart, 10)
                total[labels[other]] += weight * np.exp(-cost)
            elif cosine[channels[other]] > 0.5:
                total_of_sisters[labels[other]] += weight * np.exp(8 * (cosine[channels[other]] - best))
        np.testing.assert_allclose(own[row], total / (total.sum() + 1), atol=1e-5)
        np.testing.assert_allclose(of_sisters[row], total_of_sisters / (total_of_sisters.sum() + 1), atol=1e-5)


def test_the_form_and_length_of_a_title_tell_where_words_do_not() -> None:
    titles = ["le club", "la ride", "le parasite", "dexter : le rival", "dexter : momo", "dexter : le jour"]
    clips = clips_of(titles, ["fr"] * 6, [600.0] * 3 + [1200.0] * 3)
    votes = ChannelVotes(clips, np.array([1, 1, 1, 0, 0, 0]), 2)
    share, _ = votes.ask(clips_of(["la banane", "dexter : la nuit"], ["fr"] * 2, [600.0, 1200.0]))
    assert share[0, 1] > 2 * share[0, 0]
    assert share[1, 0] > 2 * share[1, 1]


def test_of_clips_without_a_channel_and_of_new_channels_nothing_is_known(known) -> None:
    clips, labels = known
    labels[clips.channels == "c4"] = 0
    asked = clips_of(["le club"] * 3, ["new", "", "c4"], [60.0] * 3, clips.vectors[:3])
    own, of_sisters = ChannelVotes(clips, labels, N_PROJECTS).ask(asked)
    for shares in (own, of_sisters):
        assert np.isnan(shares[:2]).all()
    assert (own[2] == 0).all()


def test_clips_without_a_channel_have_nothing_in_common() -> None:
    clips = clips_of(["le club"] * 4, [""] * 4, [60.0] * 4)
    assert np.isnan(ChannelVotes(clips, np.array([1, 1, 0, 0]), 2).ask(clips)).all()


def test_of_a_large_channel_an_even_sample_votes(monkeypatch) -> None:
    monkeypatch.setattr("smf_embed.channel_votes._MOST", 50)
    clips = clips_of(["le club"] * 400, ["fr"] * 400, [60.0] * 400)
    votes = ChannelVotes(clips, (np.arange(400) >= 300).astype(int), 2)
    share, _ = votes.ask(clips.part(np.arange(1)))
    assert share[0, 1] / share[0].sum() == pytest.approx(0.25, abs=0.02)


def test_clips_are_asked_about_in_parts(known, monkeypatch) -> None:
    clips, labels = known
    votes = ChannelVotes(clips, labels, N_PROJECTS)
    whole = votes.ask(clips)
    monkeypatch.setattr("smf_embed.channel_votes._TOGETHER", 4)
    np.testing.assert_allclose(votes.ask(clips), whole, atol=1e-6)


def test_no_labelled_clip_at_all() -> None:
    votes = ChannelVotes(clips_of([], [], []), np.zeros(0, dtype=int), 3)
    assert np.isnan(votes.ask(clips_of(["le club"], ["fr"], [60.0]))).all()
