"""What is read by key, as it is asked for, decides exactly as if all of it had been read."""

import random
import sqlite3

import pytest
from rapidfuzz.distance import OSA

from smf_embed.boilerplate import Boilerplate
from smf_embed.learned import StoredBoilerplate, StoredWords, read_projects, write_learned
from smf_embed.near_words import NearWords
from smf_embed.schema import SCHEMA, prepare_connection
from smf_embed.scripts import latin_spellings, transliterations
from smf_embed.typos import Corrector, WordCounts

NAMES = ["Лунтик", "Paw Patrol", "Маша и медведь", "Фиксики"]
WORDS = [
    *("лунтик", "лунтика", "маша", "медведь", "patrol", "paw", "фиксики", "фиксиков"),
    *("дождь", "снег", "зима", "весна", "поёт", "спит", "snow", "winter", "picnic"),
]


@pytest.fixture
def sql():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    prepare_connection(connection)
    for statement in SCHEMA:
        connection.execute(statement)
    yield connection
    connection.close()


def typo(rng, word):
    place = rng.randrange(1, len(word))
    return rng.choice([word[:place] + word[place + 1 :], word[:place] + rng.choice("абвabc") + word[place:], word])


def titles(rng, count):
    return [" ".join(typo(rng, rng.choice(WORDS)) for _ in range(rng.randint(1, 6))) for _ in range(count)]


@pytest.mark.parametrize("seed", range(4))
def test_words_of_the_table_correct_as_all_of_them_in_memory(sql, seed):
    rng = random.Random(seed)
    whole = WordCounts()
    for turn in range(4):
        texts = titles(rng, 60)
        whole.update(texts)
        more = WordCounts()
        more.update(texts)
        stored = StoredWords(sql)
        stored.add(more)
        # some are in memory and in the table, some in one of them alone
        assert list(stored.to_rows()) == list(whole.to_rows())
        assert list(stored.often()) == list(whole.often())
        assert set(stored.repeated({"лун", "фик", "paw"})) == set(whole.repeated({"лун", "фик", "paw"}))
        one, other = Corrector(stored, NAMES, general=False), Corrector(whole, NAMES, general=False)
        for text in titles(rng, 100):
            assert one.correct(text) == other.correct(text)
        write_learned(sql, more, Boilerplate())
        assert list(StoredWords(sql).to_rows()) == list(whole.to_rows()), turn


@pytest.mark.parametrize("max_rows", [10**6, 120])
def test_boilerplate_of_the_table_strips_as_all_of_it_in_memory(sql, max_rows):
    rng = random.Random(0)
    stories = [f"Серия {number} про {word}." for number in range(20) for word in WORDS]
    for _ in range(6):
        rows = list(sql.execute("SELECT channel, kind, digest, seen FROM boilerplate"))
        whole = Boilerplate.from_rows(rows, max_rows=max_rows, track_changes=True)
        stored = StoredBoilerplate(sql)
        stored.max_rows = max_rows
        channels = [rng.choice(["a", "b", "c", None]) for _ in range(15)]
        descriptions = [f"{rng.choice(stories)} Подпишись на {channel}! Ещё серии" for channel in channels]
        for both in (whole, stored):
            both.update(descriptions, channels)
        assert len(stored) == len(whole)
        for story in rng.sample(stories, 20):
            for channel in ("a", "b", "new", "", None):
                text = f"{story} Подпишись на {channel}! Ещё серии"
                assert stored.strip(text, channel, "Лунтик") == whole.strip(text, channel, "Лунтик")
        assert stored.boilerplate_of("a") == whole.boilerplate_of("a")
        changes = whole.take_changes()
        assert sorted(stored.to_rows()) == sorted(whole.to_rows())
        write_learned(sql, WordCounts(), stored)
        kept = sorted(sql.execute("SELECT channel, kind, digest, seen FROM boilerplate"))
        assert kept == sorted(map(tuple, whole.to_rows()))
        assert changes


def test_projects_are_those_of_the_labels_without_repetition(sql):
    assert read_projects(sql) == []
    sql.execute("INSERT INTO generations (generation, at, command, token) VALUES (1, '', 'add', '')")
    for number, project in enumerate(["Фиксики", None, "none", "Буба", "none"]):
        sql.execute(
            "INSERT INTO clips (yt_reel_id, project, row_digest, generation) VALUES (?, ?, ?, 1)",
            (str(number), project, b""),
        )
    assert read_projects(sql) == ["none", "Буба", "Фиксики"]


@pytest.mark.parametrize("letters", ["ab", "абвгде"])
def test_near_words_are_all_that_are_one_edit_away(letters):
    rng = random.Random(0)
    words = {"".join(rng.choices(letters, k=rng.randint(1, 8))) for _ in range(400)}
    near = NearWords(words)
    for _ in range(400):
        token = "".join(rng.choices(letters, k=rng.randint(1, 8)))
        assert near.one_edit_away(token) == {word for word in words if OSA.distance(word, token) == 1}


def test_latin_spellings_of_many_words_are_those_of_each():
    rng = random.Random(0)
    words = ["".join(rng.choices("абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґў", k=6)) for _ in range(500)] + ["м'яч"]
    assert latin_spellings(words) == {spelling for word in words for spelling in transliterations(word)}
    assert latin_spellings([]) == set()
