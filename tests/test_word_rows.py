"""Rows of words are what they were made of, whichever part of them is taken; each different text stands once."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smf_embed.ranges import ranges
from smf_embed.word_rows import DistinctTexts, WordRows, without_numbers, words_of

_ROWS = st.lists(st.lists(st.sampled_from(["буба", "серия", "fox", "fox2", "の"]), max_size=4), max_size=8)
_TEXTS = st.lists(st.sampled_from(["буба 1", "буба 2", "Буба, 1!", "", "ёж", "еж", "月の狐", "月 の 狐"]), max_size=9)


def spelt_out(rows: WordRows) -> list[list[str]]:
    return [
        [rows.words[word] for word in rows.flat[begin:end]]
        for begin, end in zip(rows.begins[:-1], rows.begins[1:], strict=True)
    ]


@given(_ROWS, st.data())
def test_a_part_has_the_rows_that_were_chosen(rows, data) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=6) if rows else st.just([]))
    whole = WordRows.of(rows)
    part = whole.part(np.array(chosen, dtype=int))
    assert spelt_out(whole) == rows
    assert len(part) == len(chosen)
    assert spelt_out(part) == [rows[row] for row in chosen]
    assert part.row.tolist() == [place for place, row in enumerate(chosen) for _ in rows[row]]


@given(_ROWS, st.integers(1, 3))
def test_common_words_stand_in_so_many_rows(rows, least) -> None:
    count = Counter(word for row in rows for word in set(row))
    assert WordRows.of(rows).common(least) == {word for word, number in count.items() if number >= least}


@given(_TEXTS, st.data())
def test_distinct_texts_of_some_clips_are_those_of_their_texts_alone(texts, data) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=6) if texts else st.just([]))
    part = DistinctTexts.of(texts).part(np.array(chosen, dtype=int))
    assert len(part) == len(chosen)
    keys = spelt_out(part.keys)
    assert len(set(map(tuple, keys))) == len(keys)
    words = words_of([texts[row] for row in chosen])
    assert [keys[key] for key in part.key_of[part.text_of]] == [list(without_numbers(row)) for row in words]
    for one, its in zip(part.text_of, words, strict=True):
        assert [other == one for other in part.text_of] == [other == its for other in words]
    assert set(part.text_of.tolist()) == set(range(len(part.key_of)))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 4)), max_size=6))
def test_ranges_are_those_of_a_loop(pairs) -> None:
    begins, lengths = np.array(pairs, dtype=int).reshape(-1, 2).T
    expected = [number for begin, length in pairs for number in range(begin, begin + length)]
    assert ranges(begins, lengths).tolist() == expected


def test_numbers_tell_texts_apart_and_not_phrases_and_characters_without_spaces_are_words() -> None:
    texts = DistinctTexts.of(["буба 1", "буба 2", "Буба", "月の狐", "ёж"])
    assert texts.text_of.tolist() == [0, 1, 2, 3, 4]
    assert spelt_out(texts.keys) == [["буба"], ["Буба"], ["月", "の", "狐"], ["еж"]]
    assert texts.key_of.tolist() == [0, 0, 1, 2, 3]
