"""Subtitle files give what is said, whatever they look like; files that cannot be read are named and stop nothing."""

import contextlib
import time

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from smf_embed.errors import InputError
from smf_embed.subtitles import find_subtitles, read_folder, read_subtitles
from smf_embed.windows import pool, windows

SRT = """1
00:00:01,000 --> 00:00:03,500
<i>Доброе утро,</i> {\\an8}Тыква!

2
00:00:04,000 --> 00:00:06,000 X1:40 X2:600 Y1:20 Y2:50
[музыка]
- Кто там? (смех)
- Это я &amp; мой <font color="#ff0000">кот</font>

3
00:00:07,000 --> 00:00:09,000
♪ Раз, два, три ♪
"""

ROLLING_VTT = """WEBVTT
Kind: captions
Language: ru

00:00:00.160 --> 00:00:02.550 align:start position:0%
 
привет<00:00:00.480><c> ребята</c><00:00:00.880><c> это</c>

00:00:02.550 --> 00:00:02.560 align:start position:0%
привет ребята это
 

00:00:02.560 --> 00:00:05.190 align:start position:0%
привет ребята это
снова<00:00:03.040><c> тыква</c>

00:00:05.190 --> 00:00:05.200 align:start position:0%
снова тыква
 

00:00:05.200 --> 00:00:07.000 align:start position:0%
снова тыква
[Музыка]

00:00:07.000 --> 00:00:09.000 align:start position:0%
снова тыква
поехали
"""  # noqa: W293 (the lines with a space are what such files have)

ASS = """[Script Info]
Title: Тыква
; a comment

[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,broken size

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:05.00,0:00:07.00,Default,Тыква,0,0,0,,Я здесь, в огороде\\Nи\\hжду
Comment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,заметка переводчика
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\pos(10,20)\\b1}Привет{\\b0}!
Dialogue: 1,0:00:01.00,0:00:02.00,Shadow,,0,0,0,,{\\bord3}Привет!
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0 100 100{\\p0} солнце
Dialogue: 0,0:0x:03.00,0:00:04.00,Default,,0,0,0,,светит
Dialogue: broken
"""


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(tmp_path, content, name="clip.srt", **options):
    return read_subtitles(write(tmp_path, name, content), **options)


def test_srt_gives_the_spoken_lines_alone(tmp_path):
    said = "Доброе утро, Тыква!\nКто там?\nЭто я & мой кот\nРаз, два, три"
    assert read(tmp_path, SRT) == said
    assert read(tmp_path, SRT.replace("\n", "\r\n")) == said
    assert read(tmp_path, SRT.replace("\n", "\r")) == said


def test_rolling_captions_say_each_line_once(tmp_path):
    assert read(tmp_path, ROLLING_VTT, "a.vtt") == "привет ребята это\nснова тыква\nпоехали"


def test_captions_that_grow_word_by_word_are_collapsed(tmp_path):
    cues = ["один", "один два", "один два три", "четыре"]
    text = "\n\n".join(f"00:00:0{i},000 --> 00:00:0{i + 1},000\n{cue}" for i, cue in enumerate(cues))
    assert read(tmp_path, text) == "один два три\nчетыре"


def test_notes_styles_and_cue_names_of_vtt_are_not_said(tmp_path):
    text = (
        "WEBVTT - Тыква\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:fred\n\n"
        "первая реплика\n00:01.000 --> 00:02.000 line:0 position:20%\n<v.loud Тыква>Ого!\n2024\n\n"
        "NOTE\nперевод не проверен\n\n2\n01:00:03.000 --> 01:00:04.000\n"
        "&lrm;&nbsp;И <ruby>правда<rt>да</rt></ruby>&lt;3\n"
    )
    assert read(tmp_path, text, "a.vtt") == "Ого!\n2024\nИ правдада<3"


def test_ass_leaves_out_comments_drawings_layers_and_keeps_lines_with_broken_times(tmp_path):
    assert read(tmp_path, ASS, "a.ass") == "Привет!\nсолнце\nсветит\nЯ здесь, в огороде\nи жду"
    assert read(tmp_path, ASS.replace("V4+", "V4"), "a.ssa").startswith("Привет!")


@pytest.mark.parametrize("name", ["a.srt", "a.vtt", "a.ass", "a.txt"])
def test_a_wrong_suffix_does_no_harm(tmp_path, name):
    assert read(tmp_path, SRT, name).startswith("Доброе утро")
    assert read(tmp_path, ROLLING_VTT, name).startswith("привет ребята")
    assert read(tmp_path, ASS, name).startswith("Привет!")


def test_formats_that_lost_or_got_a_first_line_are_read(tmp_path):
    assert read(tmp_path, ROLLING_VTT.split("\n", 3)[3], "a.vtt").endswith("поехали")
    assert read(tmp_path, "WEBVTT\n\n" + SRT, "a.vtt").startswith("Доброе утро")


def test_broken_time_codes_neither_stop_nor_show(tmp_path):
    said = read(tmp_path, SRT.replace("00:00:04,000 -->", "00:0z:04 -->").replace("\n3\n", "\n"))
    assert "Кто там?" in said
    assert "-->" not in said
    assert "00:" not in said


def test_a_file_that_was_cut_anywhere_gives_the_beginning_of_what_is_said(tmp_path):
    plain = SRT.replace("<i>", "").replace("</i>", "").replace('<font color="#ff0000">', "").replace("</font>", "")
    plain = plain.replace("{\\an8}", "").replace("[музыка]\n", "").replace(" (смех)", "").replace("&amp;", "и").encode()
    whole = read(tmp_path, plain)
    for length in range(40, len(plain)):
        assert whole.startswith(read(tmp_path, plain[:length]))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1251"])
def test_encodings_are_recognised(tmp_path, encoding):
    text = SRT.replace("♪", "")
    assert read(tmp_path, text.encode(encoding)) == read(tmp_path, text.encode(), "b.srt")


def test_western_text_is_read_and_not_taken_for_cyrillic(tmp_path):
    text = "1\n00:00:01,000 --> 00:00:03,000\nLe café est fermé, où est l'élève ? Voilà une fenêtre déjà cassée.\n"
    assert "fenêtre déjà" in read(tmp_path, text.encode("latin-1"))


@pytest.mark.parametrize("encoding", ["koi8-r", "cp866"])
def test_other_encodings_are_rejected_rather_than_guessed(tmp_path, encoding):
    text = SRT.replace("♪", "") * 3
    with pytest.raises(InputError, match="unknown encoding"):
        read(tmp_path, text.encode(encoding))


def test_a_few_damaged_bytes_do_not_turn_utf8_into_something_else(tmp_path):
    damaged = bytearray(SRT.encode())
    damaged[damaged.index("Тыква".encode()) + 1] = 0xFF
    assert "утро" in read(tmp_path, bytes(damaged))
    assert "утро" in read(tmp_path, SRT.encode()[:-3] + b"\xd0")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (b"\x00" * 500, "binary"),
        (bytes(range(256)) * 20, "binary"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 9, "binary"),
        ("Просто текст без времени.".encode(), "no readable time code"),
        (b"WEBVTT\n\n", "no readable time code"),
        (b"[Events]\nDialogue: nothing", "no readable time code"),
        (b"\xff\xfe\x00\xd8\x00\xd8\x00\xd8", "UTF-16"),
    ],
)
def test_unreadable_files_are_rejected_with_their_name(tmp_path, content, reason):
    path = write(tmp_path, "bad.srt", content)
    with pytest.raises(InputError, match=reason) as raised:
        read_subtitles(path)
    assert str(raised.value).startswith(str(path))


def test_missing_and_too_large_files_are_rejected(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_subtitles(tmp_path / "no.srt")
    with pytest.raises(InputError, match="larger than 100 bytes"):
        read(tmp_path, SRT, max_bytes=100)


def test_cues_without_speech_give_an_empty_text(tmp_path):
    assert read(tmp_path, "1\n00:00:01,000 --> 00:00:03,500\n[музыка] ♪♪\n\n") == ""


CUE = "00:00:01,000 --> 00:00:02,000\n"
JUNK = ["<a", "{", "{\\p1", "[", "(", "♪#", "\n1", " \n", "\n", " ", "&lt;a", "1", "00:00:01,000 --> ", ">>", "-", CUE]


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [CUE + "а" + junk * (1_000_000 // len(junk)) + " б" for junk in JUNK]
    + [
        "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,," + "{\\p1" * 200_000,
        "WEBVTT\n\n" + "00:01.000 --> 00:02.000\n\n" * 40_000,
        "".join(f"{i}\n{CUE}строка {i}\n\n" for i in range(25_000)),
    ],
    ids=[*map(repr, JUNK), "drawings", "empty cues", "many cues"],
)
def test_hostile_files_take_bounded_time(tmp_path, content):
    path = write(tmp_path, "a.srt", content)
    started = time.process_time()
    with contextlib.suppress(InputError):
        read_subtitles(path)
    assert time.process_time() - started < 5  # quadratic time would be minutes


@pytest.mark.slow
def test_ten_megabytes_are_read_in_bounded_time(tmp_path):
    path = write(tmp_path, "a.srt", "".join(f"{i}\n{CUE}строка номер {i}\n\n" for i in range(170_000)))
    assert path.stat().st_size > 10_000_000
    started = time.process_time()
    assert read_subtitles(path).count("\n") == 169_999
    assert time.process_time() - started < 30


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=300) | st.binary(max_size=300))
def test_any_file_is_read_or_rejected(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("any", numbered=True)
    for head in (
        "",
        "1\n00:00:01,000 --> 00:00:02,000\n",
        "WEBVTT\n\n00:01.000 --> 00:02.000\n",
        "[Events]\nDialogue: ",
    ):
        data = head.encode() + (content if isinstance(content, bytes) else content.encode())
        try:
            text = read(folder, data)
        except InputError:
            continue
        assert "-->" not in text
        assert all(line == " ".join(line.split()) != "" for line in text.split("\n")) or not text


# ------------------------------------------------------------------------------------------------------------ folder


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("dQw4w9WgXcQ.ru.vtt", "dQw4w9WgXcQ"),
        ("dQw4w9WgXcQ.vtt", "dQw4w9WgXcQ"),
        ("-_w4w9WgX-_.zh-Hans.srt", "-_w4w9WgX-_"),
        ("-_w4w9WgX-_.ru-orig.VTT", "-_w4w9WgX-_"),
        ("my.clip-1_a.en-US.forced.ass", "my.clip-1_a"),
        ("my.clip.ssa", "my.clip"),
        ("a.b-c_d.ru.auto.vtt", "a.b-c_d"),
        ("ru.vtt", "ru"),
        ("Серия 1 [dQw4w9WgXcQ].ru.vtt", "dQw4w9WgXcQ"),
    ],
)
def test_the_id_is_what_stands_before_languages_and_flags(tmp_path, name, identifier):
    path = write(tmp_path, name, SRT)
    assert find_subtitles(tmp_path) == {identifier: [path]}


def test_folder_reads_what_it_can_and_names_the_rest(tmp_path):
    write(tmp_path, "good1.ru.srt", SRT)
    write(tmp_path, "good2.vtt", ROLLING_VTT)
    write(tmp_path, "bad1.ru.srt", b"")
    write(tmp_path, "bad2.ru.srt", b"\x00\x01" * 99)
    write(tmp_path, "silent.srt", "1\n00:00:01,000 --> 00:00:03,500\n[музыка]\n")
    write(tmp_path, "large.srt", SRT * 99)
    (tmp_path / "gone.srt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.srt").mkdir()
    write(tmp_path, ".hidden.srt", SRT)
    write(tmp_path, "readme.txt", "no subtitles")
    result = read_folder(tmp_path, max_bytes=10_000)
    assert list(result.texts) == ["good1", "good2"]
    reasons = {path.name: reason for path, reason in result.rejected}
    assert sorted(reasons) == ["bad1.ru.srt", "bad2.ru.srt", "gone.srt", "large.srt", "silent.srt"]
    assert not any(str(tmp_path) in reason for reason in reasons.values())


def test_one_language_is_taken_in_the_order_asked_for(tmp_path):
    for name in ("x.en-US.vtt", "x.ru.auto.vtt", "x.de.vtt", "x.ru-orig.vtt", "x.uk.vtt"):
        write(tmp_path, name, SRT)

    def chosen(*languages):
        return read_folder(tmp_path, languages=languages).sources["x"].name

    assert chosen() == "x.de.vtt"  # manual before automatic, then alphabetical
    assert chosen("ru", "en") == "x.ru-orig.vtt"
    assert chosen("fr", "EN") == "x.en-US.vtt"
    assert chosen("uk") == "x.uk.vtt"


def test_where_the_best_file_is_broken_the_next_is_read(tmp_path):
    write(tmp_path, "x.de.vtt", b"")
    write(tmp_path, "x.ru.vtt", SRT)
    result = read_folder(tmp_path)
    assert result.sources["x"].name == "x.ru.vtt"
    assert [path.name for path, _ in result.rejected] == ["x.de.vtt"]


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no folder of subtitles"):
        read_folder(tmp_path / "no")


# ----------------------------------------------------------------------------------------------- windows and pooling

TEXTS = st.text(alphabet="аб .!?\n\tя1…。", max_size=400) | st.text(max_size=200)


@given(TEXTS, st.integers(1, 60))
def test_windows_joined_are_the_text(text, max_chars):
    parts = windows(text, max_chars)
    assert all(part and part == part.strip() and len(part) <= max_chars for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
    if all(len(word) <= max_chars for word in text.split()) and "。" not in text:  # it needs no white space behind it
        assert " ".join(parts).split() == text.split()


def test_windows_end_at_sentences():
    text = "Тыква проснулась рано. Она умылась и пошла в сад.\nТам её ждал крот, старый друг."
    assert windows(text, 60) == ["Тыква проснулась рано. Она умылась и пошла в сад.", "Там её ждал крот, старый друг."]


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=8), st.floats(0.1, 1000))
def test_pool_of_one_window_is_that_window(values, length):
    vector = np.array(values, dtype=np.float32)
    norm = np.linalg.norm(vector)
    assume(norm > 1e-3)
    vector /= norm
    np.testing.assert_allclose(pool(vector[None], [length]), vector, atol=1e-6)


def test_pool_weighs_by_length_and_has_unit_norm():
    pooled = pool(np.eye(2, dtype=np.float32), [3, 1])
    np.testing.assert_allclose(pooled, np.array([3, 1]) / np.sqrt(10), atol=1e-6)
    assert pool(np.empty((0, 4)), []).tolist() == [0, 0, 0, 0]
    assert pool(np.array([[1.0, 0], [-1, 0]]), [1, 1]).tolist() == [0, 0]
    with pytest.raises(InputError, match="pooled"):
        pool(np.eye(2), [1])
