"""The words of toys and mixes are learned on some projects and hold for others."""

import numpy as np

from smf_embed.other_use import OtherUse


def titles_of(names: list[str]) -> tuple[list[list[str]], list[list[str]]]:
    own = [[name, "серия", f"{number}"] for name in names for number in range(20)]
    other = [[word, name, f"{number}"] for name in names for word in ("раскраска", "lego") for number in range(10)]
    return own, other


def learned() -> OtherUse:
    own, other = titles_of(["буба", "лунтик", "фиксики"])
    titles = own + other
    names = ["буба", "лунтик", "фиксики"]
    named = np.array([1 + next(row for row, name in enumerate(names) if name in title) for title in titles])
    alias = np.zeros((len(titles), 4), dtype=np.float32)
    alias[np.arange(len(titles)), named] = 0.5
    return OtherUse.fit(titles, np.where(np.arange(len(titles)) < len(own), named, 0), alias)


def test_toys_of_a_project_that_was_not_there_are_told_from_its_own_clips():
    machine = learned()
    own, other = titles_of(["пороро"])
    assert machine.scores(own).min() > 0 > machine.scores(other).max()


def test_too_little_to_learn_from_says_nothing():
    machine = OtherUse.fit(
        [["буба", "1"], ["lego", "буба"]], np.array([1, 0]), np.array([[0, 0.5], [0, 0.5]], dtype=np.float32)
    )
    assert np.isnan(machine.scores([["буба", "2"]])).all()
    assert machine.scores([]).shape == (0,)
    nothing = OtherUse.fit([], np.zeros(0, dtype=int), np.zeros((0, 3), dtype=np.float32))
    assert len(nothing.weights) == 0


def test_titles_that_name_nothing_are_not_learned_from():
    alias = np.zeros((40, 2), dtype=np.float32)
    assert len(OtherUse.fit([["пирог"]] * 40, np.arange(40) % 2, alias).weights) == 0
