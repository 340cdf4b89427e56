"""Clips from a folder of yt-dlp's files: what is read, and what becomes of files that cannot be used."""

import json
import shutil
from pathlib import Path

import pytest
from fake_youtube import A

from smf_embed.catalogue import Catalogue
from smf_embed.enrichment.enriching import enrich
from smf_embed.enrichment.info_files import InfoFolder
from smf_embed.enrichment.states import State
from smf_embed.enrichment.syncing import sync
from smf_embed.enrichment.watched import Watched

CHANNEL = A


def write_info(folder: Path, identifier: str, name: str = "", **fields: object) -> None:
    info = {
        "id": identifier,
        "title": f"Clip {identifier}",
        "description": "What it is about",
        "upload_date": "20240506",
        "channel_id": CHANNEL,
        "channel": "Channel",
        "uploader_id": "@handle",
        "duration": 45,
        "width": 720,
        "height": 1280,
        "live_status": "not_live",
        "availability": "public",
    }
    (folder / f"{name or f'Clip [{identifier}]'}.info.json").write_text(json.dumps(info | fields), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    write_info(folder, "abcdefghijk")
    write_info(folder, "named_else0", "some name")
    write_info(folder, "livelivelive"[:11], live_status="is_live", duration=None)
    write_info(folder, "private0000", title=None, availability="private")
    write_info(folder, "PLplaylist0", "list", _type="playlist")
    (folder / "broken.info.json").write_text("{")
    for language, words in (("en", "Hello there"), ("ru", "Привет всем")):
        cue = f"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n{words}\n"
        (folder / f"Clip [abcdefghijk].{language}.vtt").write_text(cue, encoding="utf-8")
    return folder


def test_a_folder_tells_fields_and_subtitles_in_the_preferred_language(folder):
    source = InfoFolder(folder, ["ru"])
    found = source.fetch(["abcdefghijk", "named_else0", "livelivelive"[:11], "private0000", "nowhere0000"])
    assert [answer.state for answer in found.values()] == [
        *(State.OK, State.OK, State.LIVE, State.PRIVATE, State.NOT_FOUND)
    ]
    cells = found["abcdefghijk"].cells
    assert cells == {
        "yt_reel_id": "abcdefghijk",
        "date": "2024-05-06",
        "reel_name": "Clip abcdefghijk",
        "text": "[Clip abcdefghijk] What it is about",
        "url": "https://www.youtube.com/watch?v=abcdefghijk",
        "yt_channel_id": CHANNEL,
        "yt_channel_name": "Channel",
        "yt_ch_url": None,
        "seconds": 45,
        "is_shorts": 1.0,
        "broadcast": "none",
        "subtitles": "Привет всем",
    }
    assert any("broken.info.json" in note for note in source.notes)


def test_a_folder_is_synced_by_channel_and_its_files_once(folder, tmp_path, encoded):
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        report = sync(catalogue, InfoFolder(folder), ["@handle"])
        assert (report.new, report.states) == (4, {State.OK: 2, State.LIVE: 1, State.PRIVATE: 1})
        write_info(folder, "newest00000")
        report = sync(catalogue, InfoFolder(folder), ["@handle"])
        assert (report.new, report.states) == (1, {State.OK: 1})
        # that a folder has no file of a clip does not mean that the clip is gone
        (folder / "Clip [newest00000].info.json").unlink()
        report = sync(catalogue, InfoFolder(folder), ["@handle"], recheck_days=0)
        assert report.changes[State.OK, State.NOT_FOUND] == 1


#: Name of the file → its content and words of the report on it; "…" stands for the file of a good clip, with a change.
HOSTILE = {
    "not JSON": ("{", "is no JSON"),
    "no text": (b"\xff\xfe\x00", "is no JSON"),
    "nothing": ("", "is no JSON"),
    "deep": ("[" * 100_000, "is no JSON"),
    "a list": ("[1, 2]", "is of type list"),
    "a number": ("NaN", "is of type float"),
    "a number of ten thousand digits": ("1" * 10_000, "is no JSON"),
    "no id": ("{}", "holds no id"),
    "an id that is a number": ({"id": 5}, "id is of type int, where a text"),
    "an id that is a list": ({"id": ["x"]}, "id is of type list, where a text"),
    "a title that is a list": ({"title": ["x"]}, "title is of type list, where a text"),
    "a title that is NaN": ({"title": float("nan")}, "title is of type float, where a text"),
    "a title that is a number": ({"title": 5}, "title is of type int, where a text"),
    "a description of parts": ({"description": {"text": "x"}}, "description is of type dict, where a text"),
    "half of a character": ({"title": "\ud83d"}, "reel_name is not valid UTF-8"),
    "half of a character in the channel": ({"channel_id": "\ud83d"}, "yt_channel_id is not valid UTF-8"),
    "a channel that is a list": ({"channel_id": ["x"]}, "channel_id is of type list, where a text"),
    "a channel that is an object": ({"channel": {}, "channel_id": None}, "channel is of type dict, where a text"),
    "a handle that is a list": ({"uploader_id": []}, "uploader_id is of type list, where a text"),
    "a day that is a number": ({"upload_date": 20240506}, "upload_date is of type int, where a text"),
    "a day that is true": ({"upload_date": True}, "upload_date is of type bool, where a text"),
    "closed to a list": ({"availability": ["private"]}, "availability is of type list, where a text"),
    "live in an object": ({"live_status": {}}, "live_status is of type dict, where a text"),
    "an address of numbers": ({"webpage_url": 5, "channel_url": 6}, "is of type int, where a text"),
    "a title without end": ({"title": "x" * 20_000}, "reel_name has 20,000 characters"),
    "an id with a line end": ({"id": "abc\ndef"}, "white space or control characters"),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_file_that_cannot_be_used_is_named_in_the_report_and_the_others_are_taken(hostile, tmp_path, encoded):
    content, words = HOSTILE[hostile]
    folder = tmp_path / "clips"
    folder.mkdir()
    write_info(folder, "abcdefghijk")
    if isinstance(content, dict):
        write_info(folder, "hostile0000", **content)
    else:
        data = content if isinstance(content, bytes) else content.encode()
        (folder / "Clip [hostile0000].info.json").write_bytes(data)
    source = InfoFolder(folder)
    # one whose name tells no id cannot be asked for
    shutil.copy(folder / "Clip [hostile0000].info.json", folder / "unnamed.info.json")
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        report = sync(catalogue, source, [CHANNEL])
        came = enrich(catalogue, source, ["hostile0000"])
        assert catalogue.clips(["abcdefghijk"])[0]["reel_name"] == "Clip abcdefghijk"
        assert len(catalogue) == 1
        row = Watched(catalogue).clips(["hostile0000"])["hostile0000"]
    assert report.trouble is None
    assert report.states[State.OK] == 1
    assert came.states == {"hostile0000": State.UNAVAILABLE}
    assert words in row.reason
    assert len(source.notes) == 2
    for file in ("Clip [hostile0000].info.json", "unnamed.info.json"):
        assert [note for note in source.notes if file in note and words in note]


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("45", 45.0),
        ("45.5", 45.5),
        (45, 45.0),
        (0, None),
        (float("nan"), None),
        (None, None),
    ],
)
def test_a_length_may_be_written_as_a_text(folder, given, taken):
    write_info(folder, "abcdefghijk", duration=given)
    source = InfoFolder(folder)
    (answer,) = source.fetch(["abcdefghijk"]).values()
    assert answer.cells is not None
    assert answer.cells["seconds"] == taken
    assert answer.cells["is_shorts"] == (None if taken is None else 1.0)
    assert source.notes == [] or "broken" in source.notes[0]


@pytest.mark.parametrize("name", ["duration", "width", "height"])
@pytest.mark.parametrize("value", ["an hour", [45], {"seconds": 45}, -1, 10**400, float("inf"), "9" * 400])
def test_a_number_that_is_none_counts_as_missing_and_is_told_with_its_file(folder, name, value):
    write_info(folder, "abcdefghijk", **{name: value})
    source = InfoFolder(folder)
    for _ in range(2):
        (answer,) = source.fetch(["abcdefghijk"]).values()
    assert answer.state is State.OK
    assert answer.cells is not None
    assert answer.cells["seconds"] == (None if name == "duration" else 45.0)
    assert answer.cells["is_shorts"] is None
    (note,) = [note for note in source.notes if "abcdefghijk" in note]
    assert f"{name} is no number" in note


def test_a_sync_tells_what_it_could_not_use(run, folder, fitted, tmp_path):
    write_info(folder, "hostile0000", title={"of": "parts"})
    (tmp_path / "channels.txt").write_text(CHANNEL)
    words = ("sync", "--channels", tmp_path / "channels.txt", "--source", folder, "--catalogue", fitted, "--json")
    code, out, err = run(*words)
    assert code == 0, err
    named = ("broken.info.json: is no JSON", "[hostile0000].info.json: title is of type dict")
    for words in named:
        assert [note for note in json.loads(out)["notes"] if words in note]
        assert words in err
    assert "Traceback" not in err
