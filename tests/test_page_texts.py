"""The texts of the pages: both languages say the same, every text is used, and what a clip says is cut to size."""

import re
import string
from importlib import resources

import pytest

pytest.importorskip("fastapi", reason="the service is not installed: smf-embed[serve]")
from smf_embed.service import page_views as views
from smf_embed.service.page_clips import undo_notice
from smf_embed.service.page_frame import local_path
from smf_embed.service.page_texts import LANGUAGES, TEXTS, decimal, number, percent, text


def placeholders(form: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(form) if name is not None}


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_have_the_text_with_the_same_placeholders(key) -> None:
    english, russian = TEXTS[key]
    assert english.strip()
    assert russian.strip()
    forms = [*english.split("|"), *russian.split("|")]
    assert {frozenset(placeholders(form)) for form in forms} == {frozenset(placeholders(english))}
    assert (len(english.split("|")), len(russian.split("|"))) in ((1, 1), (2, 3))


def test_pages_use_no_text_that_is_missing_and_the_table_has_none_that_is_not_used() -> None:
    folder = resources.files("smf_embed.service")
    sources = [file.read_text(encoding="utf-8") for file in folder.joinpath("templates").iterdir()]
    sources += [file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.startswith("page")]
    sources = [source for source in sources if "TEXTS: dict" not in source]
    named = {name for source in sources for name in re.findall(r"""\bt\("([a-z_0-9]+)"[,)]""", source)}
    assert named - TEXTS.keys() == set()
    words = {word for source in sources for word in re.findall(r"[a-z_0-9]+", source)}
    # keys that are put together of a beginning and what there is
    built = ("col_", "source_", "group_", "how_", "reason_", "import_", "done_")
    assert {key for key in TEXTS if key not in words and not key.startswith(built)} == set()


def test_russian_words_go_with_their_numbers() -> None:
    counted = [text("ru", "found", n=n) for n in (1, 2, 5, 11, 12, 21, 22, 111, 1002)]
    forms = ["ролик", "ролика", "роликов", "роликов", "роликов", "ролик", "ролика", "роликов", "ролика"]
    assert [words.split("\N{NO-BREAK SPACE}")[-1].split()[-1] for words in counted] == forms
    assert [text("en", "found", n=n) for n in (0, 1, 8341)] == ["0 clips", "1 clip", "8,341 clips"]


def test_numbers_are_written_as_the_language_has_them() -> None:
    assert [number(language, 8341) for language in LANGUAGES] == ["8,341", "8\N{NO-BREAK SPACE}341"]
    assert [decimal(language, 0.856) for language in LANGUAGES] == ["0.86", "0,86"]
    assert [percent(language, 0.5) for language in LANGUAGES] == ["50%", "50\N{NO-BREAK SPACE}%"]


def test_what_is_shown_of_a_text_is_short_and_has_no_controls() -> None:
    assert views.shown("a" * 1_000_000, 100) == "a" * 99 + "…"
    assert views.shown("\u202eabc\u2066\x00\ufeff", 100) == "abc"
    assert len(views.shown("Z" + "\u0301\u0302" * 300, 500)) <= 4
    assert views.shown("й", 5) == views.shown("и\u0306", 5)
    assert views.shown(None, 5) == ""


@pytest.mark.parametrize(
    "path",
    ["https://evil.example/desk", "//evil.example", "/\\evil.example", "/health", "/desk\r\nX: y", "/deskevil", ""],
)
def test_after_a_form_the_reader_stays_at_the_desk(path) -> None:
    assert local_path(path) == "/desk"
    assert local_path("/desk/clip?id=a") == "/desk/clip?id=a"


def test_only_ids_of_the_video_site_get_pictures_and_links() -> None:
    assert views.thumbnail("dQw4w9WgXcQ").endswith("/dQw4w9WgXcQ/mqdefault.jpg")
    for identifier in ("../x", "a" * 12, '"onerror=1', ""):
        assert views.thumbnail(identifier) == views.link(identifier) == ""


def test_durations_and_colours() -> None:
    assert [views.length(seconds) for seconds in (None, 5, 185.4, 3723)] == ["", "0:05", "3:05", "1:02:03"]
    assert views.hue("none") == "none"
    assert views.hue("Буба") == views.hue("Буба")


@pytest.mark.parametrize(
    ("undone", "kept", "told"),
    [
        (["a"], [], "Taken back: 1 label."),
        (["a", "b"], ["c"], "Taken back: 2 labels. What was labelled anew since stays."),
        ([], ["c"], "There was nothing to take back."),
    ],
)
def test_an_undo_is_told_by_what_it_did(undone, kept, told):
    notice = undo_notice({"undone": undone, "kept": kept})
    assert text("en", f"done_{notice}", n=len(undone)) == told
    assert text("ru", f"done_{notice}", n=len(undone)) != told
