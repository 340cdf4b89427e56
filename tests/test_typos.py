"""Correction mends typos in names and in words of the corpus, and leaves everything else as it is."""

import random
import sqlite3
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smf_embed.scripts import general_words, phonetic_key, same_word, script_of, transliterations
from smf_embed.text import clean
from smf_embed.typos import OFTEN, Change, Corrector, WordCounts, tokens

NAMES = [
    "Лунтик", "Фиксики", "Буба", "Пороро", "Смешарики", "Простоквашино", "Оранжевая корова", "Кошечки-собачки",
    "Маша и Медведь", "Masha and the Bear", "Paw Patrol", "Peppa Pig", "Bluey", "Фёдор Лисёнок",
]  # fmt: skip


def invented_corpus() -> list[str]:
    """Return titles in which some words are frequent, among them the ones that destroy names."""
    texts = []
    for number in range(40):
        texts += [
            f"путник идёт домой, серия {number}",
            f"физики шутят, выпуск {number}",
            f"баба яга {number}",
            f"всё хорошо {number}",
            f"новая серия про лунтика {number}",
            f"приключения кота в деревне, выпуск {number}",
            f"full episodes of adventure time {number}",
            f"brennivok kalimpa {number}",
        ]
    texts += [f"веселая карусель {number}" for number in range(OFTEN)]
    return [clean(text) for text in texts]


@cache
def corrector(general: bool = True) -> Corrector:
    counts = WordCounts()
    counts.update(invented_corpus())
    return Corrector(counts, NAMES, general)


def correct(text: str) -> str:
    return corrector().correct(text).text


@pytest.mark.parametrize("general", [True, False])
@pytest.mark.parametrize("text", ["лунтик", "фиксики", "буба", "пороро", "лунтик и буба против фиксики и пороро"])
def test_names_are_never_destroyed(text: str, general: bool) -> None:
    assert corrector(general).correct(text).text == text


@pytest.mark.parametrize(
    "form",
    ["лунтику", "лунтика", "лунтиком", "лунтики", "фиксиков", "фиксикам", "бубы", "бубой", "смешариками",
     "смешариков", "простоквашине", "коровы", "корову", "коровой", "peppas", "patrols", "blueys"],
)  # fmt: skip
def test_case_forms_of_names_stay(form: str) -> None:
    assert correct(form) == form
    assert correct(f"новая {form} серия") == f"новая {form} серия"


@pytest.mark.parametrize(
    ("typo", "name"),
    [
        ("лутник", "лунтик"),  # swap
        ("лунтк", "лунтик"),  # drop
        ("луунтик", "лунтик"),  # double
        ("лумтик", "лунтик"),  # replace
        ("луентик", "лунтик"),  # insert
        ("фикскии", "фиксики"),
        ("фисики", "фиксики"),
        ("смешраики", "смешарики"),
        ("семшраики", "смешарики"),  # two edits in a long name
        ("простоквшино", "простоквашино"),
        ("потсоквашино", "простоквашино"),
        ("пороор", "пороро"),
        ("бууба", "буба"),
        ("patorl", "patrol"),
        ("paw pwtrol", "paw patrol"),  # a common word is sure beside the other word of its name
        ("paw patroll", "paw patrol"),
        ("pwtrol", "pwtrol"),
        ("bleuy", "bluey"),
        ("вбуба", "вбуба"),  # another first letter and a short name: not sure enough
        ("лунтеку", "лунтеку"),  # a typo of a form that the corpus does not use
        ("лунткиа", "лунтика"),  # and of one that it does
    ],
)
def test_typos_in_names_are_mended(typo: str, name: str) -> None:
    assert correct(typo) == name


@pytest.mark.parametrize(
    "text",
    [
        "s01e12 1080p 4к 3d",  # digits
        "лу1тик",
        "лутниk",  # two scripts in a word
        "кот лнт abc",  # short
        "名偵探柯南 فوزي אלעד 뽀로로 ポロロ",  # scripts without a dictionary
        "kalimpo zwerkanta",  # an invented word in another form; an invented word near nothing
        "смотреть онлайн beautiful nightingale",  # general words that the corpus does not have
        "smeshariki prostokvashino",  # a name in the letters of the other script
        "",
        "!!! ... ???",
    ],
)
def test_left_alone(text: str) -> None:
    assert corrector().correct(text).text == text
    assert corrector().correct(text).changes == ()


def test_an_unknown_word_is_a_typo_of_a_corpus_word_only_with_evidence() -> None:
    assert correct("серрия") == "серия"  # frequent
    assert correct("карусееь") == "карусееь"  # the target is rare
    assert correct("веселая карусееь") == "веселая карусель"  # and its neighbour speaks for it
    assert correct("бренивок") == "бренивок"
    assert correct("grennivok") == "grennivok"  # another first letter
    assert correct("grennivok kalimpa") == "brennivok kalimpa"


def test_a_word_that_stands_in_the_corpus_as_often_as_its_neighbour_is_no_typo() -> None:
    counts = WordCounts()
    counts.update([f"brennivok {number}" for number in range(30)] + [f"brenniwok {number}" for number in range(4)])
    assert Corrector(counts).correct("brenniwok brennvok").text == "brenniwok brennivok"


def test_two_equally_good_targets_change_nothing() -> None:
    counts = WordCounts()
    counts.update([f"{word} {number}" for word in ("kalimpa", "kolimpa") for number in range(30)])
    assert Corrector(counts).correct("kwlimpa").text == "kwlimpa"
    assert Corrector(counts, ["Kalimpa"]).correct("kwlimpa").text == "kalimpa"  # a name goes before


@pytest.mark.parametrize(
    ("glued", "words"),
    [
        ("кошечкисобачки", "кошечки собачки"),
        ("mashaandthebear", "masha and the bear"),
        ("pawpatrol", "paw patrol"),
        ("новаясериясмешарики", "новаясериясмешарики"),  # less than half of it is a name
        ("смешарикисерия", "смешарики серия"),
        ("сериявыпуск", "сериявыпуск"),  # no name in it
    ],
)
def test_glued_words(glued: str, words: str) -> None:
    assert correct(f"a {glued} 5") == f"a {words} 5"


def test_yo_is_folded_for_look_ups_and_kept_where_nothing_changes() -> None:
    assert correct("фёдор и федор") == "фёдор и федор"
    assert correct("лисёнкок") == "лисенок"
    assert correct("ещё лутник всё") == "ещё лунтик всё"


def test_changes_say_where_and_why() -> None:
    text = "ещё лутник, и pawpatrol: серрия!"
    corrected = corrector().correct(text)
    assert corrected.text == "ещё лунтик, и paw patrol: серия!"
    assert corrected.changes == (
        Change(4, "лутник", "лунтик", "unknown word, one letter from the name «лунтик»"),
        Change(14, "pawpatrol", "paw patrol", "glued words"),
        Change(25, "серрия", "серия", "unknown word, one letter from «серия», 80 times in the corpus"),
    )
    for change in corrected.changes:
        assert text[change.start : change.start + len(change.before)] == change.before


def test_many_is_the_same_as_one_by_one() -> None:
    texts = ["лутник", "pawpatrol", "лутник", "", "новая сеиря"]
    assert corrector().correct_many(texts) == [corrector().correct(text) for text in texts]


def test_counts_go_by_distinct_texts_and_do_not_depend_on_order() -> None:
    texts = ["буба буба", "буба поет", "буба буба", "ёлка"]
    counts = WordCounts()
    counts.update(texts)
    assert counts.counts == {"буба": 2, "поет": 1, "елка": 1}
    assert counts.pairs == {"буба буба": 1, "буба поет": 1}
    corpus = invented_corpus()
    shuffled = random.Random(3).sample(corpus, len(corpus))
    one, other = WordCounts(), WordCounts()
    one.update(corpus)
    other.update(shuffled[:100])
    other.update(shuffled[100:])
    assert list(one.to_rows()) == list(other.to_rows())
    typos = ["лутник", "карусееь", "веселая карусееь", "episdes", "adventuretime", "выпск серрия"]
    names = random.Random(4).sample(NAMES, len(NAMES))
    assert Corrector(one, NAMES).correct_many(typos) == Corrector(other, names).correct_many(typos)


def test_rows_make_the_round_trip_through_a_table() -> None:
    counts = WordCounts()
    counts.update(invented_corpus())
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE word_counts (token TEXT PRIMARY KEY, count INTEGER)")
    base.executemany("INSERT INTO word_counts VALUES (?, ?)", counts.to_rows())
    again = WordCounts.from_rows(base.execute("SELECT token, count FROM word_counts ORDER BY random()"))
    base.close()
    assert again.counts == counts.counts
    assert again.pairs == counts.pairs


def test_nothing_is_known_and_nothing_changes() -> None:
    empty = Corrector(WordCounts(), general=False)
    assert empty.correct("лутник смотрит телевзор").changes == ()


def test_a_very_long_word_costs_nothing() -> None:
    assert correct("смешарики" * 5_000) == "смешарики" * 5_000


typed = st.text(alphabet="лунтикфсбаеё ыpawtroleuyмья-'’1!\u0301", max_size=40)
mangled = st.lists(
    st.tuples(st.sampled_from(tokens(clean(" ".join(NAMES)))), st.integers(0, 9), st.sampled_from("аеиlrpя' ")),
    max_size=5,
).map(lambda words: " ".join(w[2][:at] + letter + w[2][at + 1 :] for w, at, letter in words))


@given(st.one_of(st.text(max_size=60), typed, mangled))
def test_any_text_gives_valid_text_and_correcting_twice_equals_correcting_once(text: str) -> None:
    cleaned = clean(text)
    corrected = corrector().correct(cleaned)
    corrected.text.encode("utf-8")
    assert corrector().correct(corrected.text).text == corrected.text
    rebuilt, end = "", 0
    for change in corrected.changes:
        assert cleaned[change.start : change.start + len(change.before)] == change.before
        assert not corrector().protects(change.before)
        rebuilt += cleaned[end : change.start] + change.after
        end = change.start + len(change.before)
    assert rebuilt + cleaned[end:] == corrected.text


@given(st.one_of(st.text(max_size=60), typed, mangled))
def test_protected_tokens_stay(text: str) -> None:
    cleaned = clean(text)
    kept = [token for _, _, token in tokens(cleaned) if corrector().protects(token)]
    after = iter(token for _, _, token in tokens(corrector().correct(cleaned).text))
    assert all(token in after for token in kept)


@given(st.text(max_size=60))
def test_tokens_stand_where_they_say(text: str) -> None:
    folded = clean(text).replace("ё", "е")
    assert all(folded[start:end] == token for start, end, token in tokens(clean(text)))


def test_tokens_of_other_scripts_are_whole() -> None:
    assert [token for _, _, token in tokens("माशा और भालू, м'яч l'amour dvd-диск a_b")] == [
        "माशा", "और", "भालू", "м'яч", "l", "amour", "dvd", "диск", "a", "b",
    ]  # fmt: skip


def test_general_words_are_read_by_script() -> None:
    assert {"смотреть", "дивитися"} <= general_words("cyrillic")
    assert {"house", "maison", "çocuk"} <= general_words("latin")
    assert script_of("лунтик") == "cyrillic"
    assert script_of("ελλάδα") == "greek"
    assert script_of("dвd") is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("лунтику", "лунтик", True), ("маше", "маша", True), ("фиксиков", "фиксики", True),
        ("лунтикк", "лунтик", False), ("серя", "серия", False), ("луник", "лунтик", False),
        ("bears", "bear", True), ("dangr", "danger", False), ("patroll", "patrol", False),
    ],
)  # fmt: skip
def test_another_ending_or_a_typo(one: str, other: str, same: bool) -> None:
    assert same_word(one, other) is same


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("смешарики", "smeshariki"), ("простоквашино", "prostokvashino"), ("фиксики", "fixiki"),
        ("маша", "masha"), ("щенячий", "shchenyachiy"), ("ёжик", "yozhik"), ("царевны", "tsarevny"),
        ("барбоскины", "barboskiny"), ("лёлик", "lelik"),
    ],
)  # fmt: skip
def test_both_spellings_of_a_name(cyrillic: str, latin: str) -> None:
    assert cyrillic.replace("ё", "е") in transliterations(latin)
    assert phonetic_key(cyrillic) == phonetic_key(latin)
    assert latin in transliterations(cyrillic) or latin in ("fixiki", "yozhik")


@pytest.mark.parametrize(
    ("one", "other"),
    [("Škola", "школа"), ("Hrabrye", "храбрые"), ("Khrabrye", "храбрые"), ("Джерри", "Dzherri"),
     ("Джерри", "Jerry"), ("Щука", "schuka"),
     ("жук", "juk"), ("цирк", "cirk"), ("цирк", "tsirk")],
)  # fmt: skip
def test_phonetic_keys_coincide(one: str, other: str) -> None:
    assert phonetic_key(one) == phonetic_key(other)


@given(st.text(max_size=30))
def test_any_text_has_a_phonetic_key(text: str) -> None:
    key = phonetic_key(text)
    assert key == " ".join(key.split())
    for token in text.lower().split():
        assert all(transliterations(token))
