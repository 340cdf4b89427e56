"""What titles say around names is told by other words than those of names."""

import numpy as np
import pytest

from smf_embed.lexicon import WORD, Lexicon
from smf_embed.names import Names
from smf_embed.other_use import OtherUse
from smf_embed.phrases import Phrases
from smf_embed.word_rows import DistinctTexts, WordRows

PROJECTS = ["none", "Ёжик и друзья", "Буба", "Малыш"]


def learned(titles: list[str], labels: list[int]) -> Names:
    words = WordRows.of([WORD.findall(title) for title in titles])
    return Names.learn({"title": DistinctTexts.of(titles)}, words, np.array(labels), PROJECTS, Lexicon())


@pytest.fixture(scope="module")
def names() -> Names:
    own = [f"{start} прыг скок {number}" for start in ("весна", "лето", "осень") for number in range(10)]
    other = [f"{start} новости {number}" for start in ("весна", "лето", "осень") for number in range(40)]
    return learned(own + other, [2] * len(own) + [0] * len(other))


@pytest.mark.parametrize(
    ("title", "around"),
    [
        ("раскраска ежик", "раскраска"),  # a part of a name, with е for ё
        ("буба + малыш mix 7", "+ mix 7"),
        ("прыг скок в лесу", "в лесу"),  # mined, since it speaks for Буба
        ("весна новости", "весна новости"),  # speaks for none of them
        ("бубалех", "бубалех"),
        ("", ""),
    ],
)
def test_words_of_names_and_of_mined_phrases_are_taken_out(names: Names, title: str, around: str) -> None:
    assert names.around([title, title]) == [around.split(), around.split()]


def test_phrases_are_found_whole_and_texts_without_any_are_rows_of_nothing() -> None:
    phrases = Phrases([("буба", "и", "лиса"), ("лиса",)])
    rows = [["весна"], ["буба", "и"], [], ["буба", "и", "лиса"]]
    assert phrases.occurrences(WordRows.of(rows)).toarray().tolist() == [[0, 0], [0, 0], [0, 0], [1, 1]]
    assert phrases.occurrences(WordRows.of(rows[:1])).nnz == 0


def test_a_name_that_stands_in_mixes_alone_is_no_sign_of_a_mix() -> None:
    own = [f"буба серия {number}" for number in range(30)]
    mixes = [f"буба + малыш сборник {number}" for number in range(30)]
    titles, labels = own + mixes, [2] * len(own) + [0] * len(mixes)
    names = learned(titles, labels)
    alias = np.zeros((len(titles), len(PROJECTS)), dtype=np.float32)
    alias[:, 2] = 0.5
    machine = OtherUse.fit(names.around(titles), np.array(labels), alias)
    asked = ["малыш серия 40", "буба серия 40", "малыш + буба сборник 40"]
    other, own_one, mix = machine.scores(names.around(asked))
    assert other == own_one > 0 > mix
