"""Votes and similarities equal brute force, and nobody sees himself."""

import numpy as np
import pytest

from smf_embed.votes import VOTES_AT, FieldVotes, pairs_of_a_group, summed

N_PROJECTS = 4


@pytest.fixture
def clips() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(120, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[7] = 0.0  # a clip without a text in this field
    projects = rng.choice(N_PROJECTS, size=120, p=[0.7, 0.2, 0.08, 0.02])
    groups = np.arange(120)
    groups[[3, 4]] = 200  # two near-duplicates
    return vectors, projects, groups


def brute_force(votes: FieldVotes, vectors, projects, groups, query: int) -> dict[str, np.ndarray]:
    moved = vectors - votes.centre
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    seen = [row for row in range(len(vectors)) if vectors[row].any() and groups[row] != groups[query]]
    cosine = {row: float(moved[query] @ moved[row]) for row in seen}
    nearest = sorted(seen, key=lambda row: -cosine[row])
    result = {"best": np.full(N_PROJECTS, np.nan), "mean3": np.full(N_PROJECTS, np.nan)}
    result["prototype"] = np.full(N_PROJECTS, np.nan)
    for count in VOTES_AT:
        weights = np.zeros(N_PROJECTS)
        for row in nearest[:count]:
            weights[projects[row]] += np.exp((cosine[row] - cosine[nearest[0]]) / votes.temperature)
        result[f"votes {count}"] = weights / weights.sum()
    for project in range(1, N_PROJECTS):
        own = [row for row in nearest if projects[row] == project]
        if own:
            result["best"][project] = cosine[own[0]]
            result["mean3"][project] = np.mean([cosine[row] for row in own[:3]])
            mean = moved[own].sum(axis=0)
            result["prototype"][project] = moved[query] @ mean / np.linalg.norm(mean)
    return result


def test_signals_equal_brute_force_with_each_clip_and_its_near_duplicates_left_out(clips) -> None:
    vectors, projects, groups = clips
    votes = FieldVotes(vectors, projects, groups, N_PROJECTS)
    there = votes.rows
    signals = votes.ask(vectors[there], groups[there])
    for place, query in enumerate(there):
        expected = brute_force(votes, vectors, projects, groups, query)
        for count in VOTES_AT:
            np.testing.assert_allclose(signals.votes[count][place], expected[f"votes {count}"], atol=1e-5)
        np.testing.assert_allclose(signals.best[place, 1:], expected["best"][1:], atol=1e-5)
        np.testing.assert_allclose(signals.mean3[place, 1:], expected["mean3"][1:], atol=1e-5)
        np.testing.assert_allclose(signals.prototype[place, 1:], expected["prototype"][1:], atol=1e-4)
        for project in range(1, N_PROJECTS):
            nearest = signals.nearest[place, project]
            assert nearest == -1 or (projects[nearest] == project and groups[nearest] != groups[query])


def test_what_a_clip_sees_does_not_change_with_its_own_label(clips) -> None:
    vectors, projects, groups = clips
    changed = projects.copy()
    changed[10] = (projects[10] + 1) % N_PROJECTS
    before = FieldVotes(vectors, projects, groups, N_PROJECTS).ask(vectors[[10]], groups[[10]])
    after = FieldVotes(vectors, changed, groups, N_PROJECTS).ask(vectors[[10]], groups[[10]])
    # the last bit of a sum depends on where in memory an array begins
    for count in VOTES_AT:
        np.testing.assert_allclose(before.votes[count], after.votes[count], atol=1e-6)
    np.testing.assert_allclose(before.best, after.best, atol=1e-6)
    np.testing.assert_allclose(before.mean3, after.mean3, atol=1e-6)
    np.testing.assert_allclose(before.prototype, after.prototype, atol=1e-5)


def test_an_unlabelled_clip_sees_all(clips) -> None:
    vectors, projects, groups = clips
    votes = FieldVotes(vectors, projects, groups, N_PROJECTS)
    signals = votes.ask(vectors[[3]], np.array([-1]))
    assert signals.nearest[0, projects[3]] == 3 or projects[3] == 0
    assert np.nanmax(signals.best[0]) == pytest.approx(1.0, abs=1e-5)


def test_no_labelled_clip_at_all_gives_no_votes() -> None:
    votes = FieldVotes(np.zeros((2, 8), np.float32), np.array([0, 1]), np.array([0, 1]), 2)
    signals = votes.ask(np.eye(8, dtype=np.float32)[:3], np.full(3, -1))
    assert not any(shares.any() for shares in signals.votes.values())
    assert np.isnan(signals.best).all()
    assert (signals.nearest == -1).all()


def test_pairs_of_a_group() -> None:
    rows, others = pairs_of_a_group(np.array([5, -1, 7]), np.array([7, 5, -1, 5]))
    assert list(zip(rows.tolist(), others.tolist(), strict=True)) == [(0, 1), (0, 3), (2, 0)]


def test_many_vectors_are_searched_by_short_codes_and_nearly_all_neighbours_are_found() -> None:
    random = np.random.default_rng(3)
    # variance falls off more slowly than that of sentence embeddings, and groups are looser than those of titles
    spread = np.exp(-np.arange(512) / 250.0).astype(np.float32)
    centres = 0.5 * random.normal(size=(62, 512)).astype(np.float32)
    vectors = (centres[random.integers(0, 62, 6_200)] + random.normal(size=(6_200, 512)).astype(np.float32)) * spread
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    known, asked = vectors[:6_000], vectors[6_000:]
    projects = np.arange(len(known)) % 40
    votes = FieldVotes(known, projects, np.arange(len(known)), 40)
    moved, moved_known = asked - votes.centre, known - votes.centre
    similarity = moved @ moved_known.T
    similarity /= np.linalg.norm(moved, axis=1)[:, None] * np.linalg.norm(moved_known, axis=1)
    exact = np.argsort(-similarity, axis=1)[:, :50]
    found, rows = votes.nearest(asked)
    recall = np.mean([len(set(a) & set(b[:50])) / 50 for a, b in zip(exact, rows, strict=True)])
    assert 0.95 <= recall < 1
    # those that are found have the cosines of their whole vectors
    np.testing.assert_allclose(found, np.take_along_axis(similarity, rows, axis=1), atol=1e-5)


def test_what_is_not_found_is_no_clip() -> None:
    class FindsOne:
        def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
            places = np.full((len(queries), k), -1)
            places[:, 0] = 1
            return np.where(places < 0, -np.inf, 1.0).astype(np.float32), places

    vectors = np.eye(4, dtype=np.float32)
    vectors[0] = 0.0  # a clip without a text, so that rows are not places
    nobody = np.zeros(4, dtype=int)
    votes = FieldVotes(vectors, nobody, nobody, 2, temperature=1.0, open_search=lambda rows, vectors: FindsOne())
    _, rows = votes.nearest(vectors[1:])
    assert rows.tolist() == [[2, -1, -1]] * 3


def test_a_search_takes_centre_temperature_and_code_over_and_finds_nearly_all_of_its_own() -> None:
    random = np.random.default_rng(0)
    known = random.normal(size=(7_000, 256)).astype(np.float32) + 1.0
    projects, groups = random.integers(0, 4, 7_000), np.arange(7_000)
    whole = FieldVotes(known, projects, groups, 4)
    part = FieldVotes(known[:6_000], projects[:6_000], groups[:6_000], 4, like=whole)
    assert part.temperature == whole.temperature
    np.testing.assert_array_equal(part.centre, whole.centre)
    np.testing.assert_array_equal(part.vectors, whole.vectors[:6_000])
    _, rows = part.nearest(known[:50])
    assert rows[:, 0].tolist() == list(range(50))
    assert rows.max() < 6_000


def test_clips_that_are_asked_about_together_are_answered_as_each_alone(clips) -> None:
    vectors, projects, groups = clips
    votes = FieldVotes(vectors, projects, groups, N_PROJECTS)
    asked, of = vectors[:7], np.where(np.arange(7) % 2, groups[:7], -1)
    together = votes.ask(asked, of)
    for row in range(7):
        alone = votes.ask(asked[row : row + 1], of[row : row + 1])
        for count in VOTES_AT:
            np.testing.assert_allclose(alone.votes[count][0], together.votes[count][row], atol=1e-6)


def test_sums_of_kinds_are_sums() -> None:
    vectors = np.arange(12, dtype=np.float32).reshape(4, 3)
    assert summed(vectors, np.array([2, 0, 2, 0]), 4).tolist() == [[12, 14, 16], [0, 0, 0], [6, 8, 10], [0, 0, 0]]
    assert summed(vectors[:0], np.zeros(0, dtype=int), 2).tolist() == [[0, 0, 0], [0, 0, 0]]
