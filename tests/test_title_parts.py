"""Parts of titles are compared by their letters: values against a loop over all pairs of parts."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smf_embed import title_parts
from smf_embed.letter_grams import letter_grams
from smf_embed.title_parts import PartCounts, TitleParts

TITLES = [
    "буба: день рождения",
    "буба | новая серия",
    "лунтик - день рождения",
    "caillou / le restaurant de papa",
    "новости",
    "день рождения",
]
PARTS = [
    ["буба", "день рождения"],
    ["буба", "новая серия"],
    ["лунтик", "день рождения"],
    ["caillou", "le restaurant de papa"],
    ["новости"],
    ["день рождения"],
]
PROJECTS = np.array([1, 1, 2, 3, 0, 0])
GROUPS = np.arange(6)
NOBODY = np.array([-1])


def known() -> TitleParts:
    return TitleParts(PartCounts.of(TITLES), PROJECTS, GROUPS, 4)


def runs_of(part: str) -> Counter[str]:
    padded = [f" {word} " for word in part.split()]
    return Counter(w[at : at + size] for w in padded for size in (3, 4) for at in range(len(w) - size + 1))


@pytest.mark.parametrize(
    ("title", "parts"),
    [
        ("caillou | le restaurant de papa", ["caillou", "le restaurant de papa"]),
        ("querelles intestines / le bal de l'accusé", ["querelles intestines", "le bal de l'accusé"]),
        ("ам ням. 121 с. - «семейный платформер»", ["ам ням", "семейный платформер"]),
        ("скуби-ду и кураж", ["скуби-ду и кураж"]),
        ("3:15", ["3:15"]),
        ("", [""]),
    ],
)
def test_titles_are_split_at_bars_slashes_dashes_and_full_stops(title: str, parts: list[str]) -> None:
    found = PartCounts.of(["a title", title])
    assert found.begins.tolist() == [0, 1, 1 + len(parts)]
    assert found.row.tolist() == [0, *[1] * len(parts)]
    expected = letter_grams(["a title", *parts], 3, 4)
    expected.data = np.log(expected.data) + 1
    assert (found.counts != expected).nnz == 0


def test_a_part_of_the_titles_has_theirs() -> None:
    part = PartCounts.of(TITLES).part(np.array([3, 0, 3]))
    fresh = PartCounts.of([TITLES[3], TITLES[0], TITLES[3]])
    assert part.begins.tolist() == fresh.begins.tolist()
    assert (part.counts != fresh.counts).nnz == 0


def test_best_and_share_equal_a_loop_over_all_pairs_of_parts(monkeypatch) -> None:
    monkeypatch.setattr(title_parts, "_TOGETHER", 3)
    asked = ["le restuarant de papa", "день рождения", "новая серия | лунтик", "буба: новости"]
    best, share = known().ask(PartCounts.of(asked), np.full(4, -1))
    flat = [(part, row) for row, parts in enumerate(PARTS) for part in parts]
    documents = Counter(run for part, _ in flat for run in set(runs_of(part)))

    def vector(part: str) -> dict[str, float]:
        weights = {
            run: (np.log(count) + 1) * (np.log((1 + len(flat)) / (1 + documents[run])) + 1)
            for run, count in runs_of(part).items()
        }
        length = np.sqrt(sum(weight**2 for weight in weights.values()))
        return {run: weight / length for run, weight in weights.items()}

    def cosine(one: str, other: str) -> float:
        a, b = vector(one), vector(other)
        return sum(weight * b.get(run, 0.0) for run, weight in a.items())

    def share_of(part: str, project: int) -> float:
        near = [(cosine(part, other), PROJECTS[row]) for other, row in flat]
        weights = [(np.exp(12 * (c - 1)), owner) for c, owner in near if c > 0.4]
        return sum(w for w, owner in weights if owner == project) / (sum(w for w, _ in weights) + 0.2)

    split = [["le restuarant de papa"], ["день рождения"], ["новая серия", "лунтик"], ["буба", "новости"]]
    for row, parts in enumerate(split):
        expected, expected_share = np.zeros(4), np.zeros(4)
        for part in parts:
            for other, clip in flat:
                project, alike = PROJECTS[clip], cosine(part, other)
                if project and alike > 0.25:
                    expected[project] = max(expected[project], alike)
                    says = np.exp(4 * (alike - 1)) * share_of(other, project)
                    expected_share[project] = max(expected_share[project], says)
        np.testing.assert_allclose(best[row], expected, atol=1e-5)
        np.testing.assert_allclose(share[row], expected_share, atol=1e-5)


def test_an_episode_is_found_though_misspelt_and_without_the_name_of_its_project() -> None:
    best, _ = known().ask(PartCounts.of(["le restuarant de papa"]), NOBODY)
    assert best[0].argmax() == 3
    assert best[0, 3] > 0.5


def test_what_several_projects_and_none_are_called_is_nobodys() -> None:
    best, share = known().ask(PartCounts.of(["день рождения", "caillou"]), np.full(2, -1))
    assert best[0, 1] == best[0, 2] == pytest.approx(1)
    assert share[0].max() < 0.4
    assert share[1, 3] > 0.8


def test_near_duplicates_and_none_are_not_looked_at() -> None:
    parts = known()
    assert parts.ask(PartCounts.of(["новости"]), NOBODY)[0].max() == 0
    seen, _ = parts.ask(PartCounts.of(["лунтик - день рождения"]), np.array([2]))
    assert seen[0, 2] == 0
    assert seen[0, 1] == pytest.approx(1)


def test_runs_that_many_parts_have_say_nothing_but_where_parts_are_few(monkeypatch) -> None:
    titles = [f"серия {word}" for word in ("лиса", "сова", "кот", "пёс", "ёж", "рак") for _ in range(3)]
    projects = np.arange(18) % 2

    def best() -> float:
        parts = TitleParts(PartCounts.of(titles), projects, np.arange(18), 2)
        return parts.ask(PartCounts.of(["серия"]), NOBODY)[0][0, 1]

    assert best() > 0.5
    monkeypatch.setattr(title_parts, "_FEW", 10)
    assert best() == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_titles_give_cosines_and_shares(titles: list[str]) -> None:
    projects = np.append(PROJECTS, [1] * len(titles)).astype(int)
    parts = TitleParts(PartCounts.of([*TITLES, *titles]), projects, np.arange(len(projects)), 4)
    for found in parts.ask(PartCounts.of(titles), np.full(len(titles), -1)):
        assert found.shape == (len(titles), 4)
        assert np.isfinite(found).all()
        assert (found >= 0).all()
        assert (found <= 1 + 1e-5).all()


def test_no_clip_of_a_project_and_no_clip_at_all() -> None:
    asked = PartCounts.of(["новости"])
    for titles in (["новости"], []):
        parts = TitleParts(PartCounts.of(titles), np.zeros(len(titles), int), np.arange(len(titles)), 2)
        best, share = parts.ask(asked, NOBODY)
        assert best.tolist() == share.tolist() == [[0, 0]]
