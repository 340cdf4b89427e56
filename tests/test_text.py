"""Cleaning keeps what names a project and drops what only decorates it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smf_embed.text import clean, split_hashtag


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Ｍａｓｈａ  and\tthe Bear", "masha and the bear"),  # full-width letters, tab
        ("Фик\u200bсики\ufeff: но\u00adвая серия", "фиксики: новая серия"),  # zero-width, BOM, soft hyphen
        ("Буба\x00\x07 15", "буба 15"),
        ("Смотри https://youtu.be/x?y=1 и www.site.ru сейчас", "смотри и сейчас"),
        ("vk.com/bubacartoon Буба", "буба"),
        ("Буба.Серия 5", "буба.серия 5"),  # a full stop without a space is no URL
        ("#МашаИМедведь #smeshariki2024 #ну_погоди", "маша и медведь smeshariki 2024 ну погоди"),
        ("🐻‍❄️Умка 👍🏽 ❤️", "умка"),
        ("СМЕШAPИКИ", "смешарики"),  # Latin A and P
        ("Мaшa", "маша"),  # Latin a
        ("Вuba", "buba"),  # Cyrillic В
        ("Tом и Джерри", "том и джерри"),
        ("Том&amp;Джерри &amp;lt; 3", "том&джерри < 3"),
        ("İstanbul ÇOCUK", "istanbul çocuk"),
        ("DVD-диск", "dvd-диск"),  # two words, each of one script
        ("ひらがな　カタカナ", "ひらがな カタカナ"),
        ("ماشا والدب", "ماشا والدب"),
        ("\ud800сломано", "сломано"),  # a lone surrogate
        ("", ""),
        ("🎉🎉", ""),
    ],
)
def test_clean(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@given(st.text(max_size=60))
def test_cleaning_twice_equals_cleaning_once(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    cleaned.encode("utf-8")


@given(st.text(alphabet="аАbBсСdеE #&;amp1İ\u0307\u200bﬁ①www./", max_size=40))
def test_cleaning_twice_equals_cleaning_once_on_tricky_letters(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_hashtag_words() -> None:
    assert split_hashtag("МашаИМедведь2").split() == ["Маша", "И", "Медведь", "2"]
    assert split_hashtag("ЩенячийПатруль").split() == ["Щенячий", "Патруль"]
    assert split_hashtag("shorts") == "shorts"


def test_the_time_grows_with_the_length_of_a_word_and_not_with_its_square():
    def seconds(text: str) -> float:
        started = time.process_time()
        clean(text)
        return time.process_time() - started

    for piece in ("а", "a", "a-", "a."):
        assert seconds(f"ё/{piece * 100_000}/") < 2.0
