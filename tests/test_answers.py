"""From ids and links to answers: what is stored, what is looked up, and what stays unknown, each with its reason."""

import io
import json
import sys

import pytest
from conftest import contents
from fake_youtube import KEY

from smf_embed import classify
from smf_embed.answers import UNKNOWN, answer
from smf_embed.catalogue import Catalogue
from smf_embed.enrichment.states import Answer, State
from smf_embed.enrichment.watched import Watched

pytest.importorskip("googleapiclient", reason="needs the extra: pip install 'smf-embed[youtube]'")


@pytest.fixture
def listed(api, tmp_path, train):
    """A file of ids of every kind, with what is to be answered: id, project, state, words of the reason."""
    api.add("newbooba000", title="Буба и самокат")
    api.add("newpie00000", title="Как испечь торт с вишней")
    api.add("livebooba00", title="Буба. Прямой эфир", broadcast="live", duration="P0D")
    api.add("soonbooba00", title="Буба. Премьера", broadcast="upcoming", duration="P0D")
    api.add("rejected000", upload="rejected")
    api.add("private0000")
    api.videos["private0000"]["status"]["privacyStatus"] = "private"
    api.add("gone0000000", upload="deleted")
    stored = train["yt_reel_id"][0]
    expected = [
        (stored, stored, train["cartoon"][0], "stored", "its label, given by a table"),
        ("https://youtu.be/newbooba000?t=3", "newbooba000", "Буба", "stored", "Буба"),
        ("newpie00000", "newpie00000", "none", "stored", ""),
        ("https://m.youtube.com/live/livebooba00", "livebooba00", "Буба", "live", "how long it will be"),
        ("soonbooba00", "soonbooba00", "Буба", "upcoming", "has not begun"),
        ("newbooba000", "newbooba000", "Буба", "stored", "Буба"),
        ("rejected000", "rejected000", UNKNOWN, "unavailable", "rejected"),
        ("private0000", "private0000", UNKNOWN, "private", "it is private"),
        ("gone0000000", "gone0000000", UNKNOWN, "deleted", "was deleted"),
        ("neverthere0", "neverthere0", UNKNOWN, "not found", "deleted, private or never there"),
        ("no-id", "no-id", UNKNOWN, "wrong", "no id"),
        ("https://www.youtube.com/@handle", "", UNKNOWN, "wrong", "a link to a channel"),
        ("neverthere0", "neverthere0", UNKNOWN, "not found", "again from"),
    ]
    path = tmp_path / "ids.txt"
    path.write_text("\n".join(["", *(row[0] for row in expected), ""]), encoding="utf-8")
    return path, expected


def rows_of(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.slow
def test_each_kind_of_id_gets_its_documented_answer_in_order(run, fitted, api, listed):
    path, expected = listed
    words = ("predict", "--ids", path, "--source", "youtube", "--catalogue", fitted, "--json")
    code, out, err = run(*words)
    assert code == 0, err
    rows = rows_of(out)
    assert [(row["given"], row["yt_reel_id"], row["cartoon"], row["state"]) for row in rows] == [
        line[:4] for line in expected
    ]
    for row, (*_, words_of_reason) in zip(rows, expected, strict=True):
        assert words_of_reason in row["reason"], row
        assert (row["confidence"] is None) == (row["cartoon"] == UNKNOWN or "label" in row["reason"])
    assert "13 ids and links: 6 answered, 7 unknown" in err
    assert set(api.asked().values()) == {1}
    assert api.count("videos") == 1
    assert "no-id" not in api.asked()
    assert rows[0]["given"] not in api.asked()
    # once more: nothing is asked for before it is due, and the answers are the same
    code, again, _ = run(*words)
    same = [(row["cartoon"], row["state"], row["reason"]) for row in rows if row["given"] != "no-id"]
    assert [(row["cartoon"], row["state"], row["reason"]) for row in rows_of(again) if row["given"] != "no-id"] == same
    assert api.count("videos") == 1


def test_classify_gives_projects_under_ids(fitted, api, listed):
    path, expected = listed
    ids = path.read_text(encoding="utf-8").split()
    found = classify(ids, fitted, source="youtube")
    assert found == {identifier or given: project for given, identifier, project, _, _ in expected}
    assert found == classify(ids, fitted)  # what is stored is answered without a source from now on


def test_without_a_source_nothing_is_asked_for_and_nothing_is_written(run, fitted, api, listed):
    path, expected = listed
    before = contents(fitted)
    code, out, _err = run("predict", "--ids", path, "--catalogue", fitted, "--json")
    assert code == 0
    assert api.requests == []
    assert contents(fitted) == before
    rows = rows_of(out)
    assert [row["cartoon"] for row in rows] == [expected[0][2]] + [UNKNOWN] * (len(expected) - 1)
    assert rows[1]["state"] == "not stored"
    assert "--source" in rows[1]["reason"]


def test_ids_from_standard_input_and_into_a_table(run, fitted, train, tmp_path, monkeypatch):
    import pandas as pd

    ids = train["yt_reel_id"][:3].tolist()
    text = "\r\n".join(ids).encode()
    for output in ("answers.csv", "answers.parquet", "answers.jsonl"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
        code, _, err = run("predict", "--ids", "-", "--catalogue", fitted, "-o", tmp_path / output)
        assert code == 0, err
    table = pd.read_csv(tmp_path / "answers.csv")
    assert table["yt_reel_id"].tolist() == ids
    assert table["cartoon"].tolist() == train["cartoon"][:3].tolist()
    assert pd.read_parquet(tmp_path / "answers.parquet")["given"].tolist() == ids


def test_when_the_source_fails_what_is_stored_is_answered_and_the_exit_code_says_so(run, fitted, api, listed, train):
    path, expected = listed
    for fault, state in (("quotaExceeded", "quota"), ("unavailable", "unavailable")):
        api.faults = [fault] * 6
        code, out, err = run("predict", "--ids", path, "--source", "youtube", "--catalogue", fitted, "--json")
        rows = rows_of(out)
        assert code == 4
        assert rows[0]["cartoon"] == expected[0][2]
        assert (rows[1]["cartoon"], rows[1]["state"]) == (UNKNOWN, state)
        assert rows[1]["reason"]
        assert KEY not in out + err
        with Catalogue(fitted) as catalogue, catalogue.transaction("quota"):
            catalogue.database.sql.execute("DELETE FROM quota")


def test_a_clip_of_which_nothing_but_its_id_is_known_is_not_guessed(fitted):
    class Empty:
        name, batch_size, knows_all, quota, notes = "nothing", 10, False, None, []

        def fetch(self, ids, with_subtitles=()):
            return {one: Answer(State.OK, "", {"seconds": 60.0}) for one in ids}

    with Catalogue(fitted) as catalogue:
        (clip,) = answer(["emptyclip00"], catalogue, source=Empty()).clips
        assert (clip.cartoon, clip.confidence) == (UNKNOWN, None)
        assert "nothing to judge by" in clip.reason


def test_sync_writes_what_is_new_once_and_what_has_changed_again(run, fitted, api, tmp_path):
    import pandas as pd

    channel = "UC" + "a" * 22
    (tmp_path / "channels.txt").write_text(channel)
    api.add("newbooba000", title="Буба и самокат")
    api.add("livebooba00", title="Буба. Прямой эфир", broadcast="live", duration="P0D")
    api.add("vanished000", title="Буба и зонтик")
    del api.videos["vanished000"]
    words = ("sync", "--channels", tmp_path / "channels.txt", "--catalogue", fitted, "-o")
    first, second, third = (tmp_path / f"news-{number}.csv" for number in range(3))
    api.faults = ["", "", *["unavailable"] * 6]
    code, out, _ = run(*words, first)
    news = pd.read_csv(first)
    assert code == 4
    assert set(news["cartoon"]) == {"Буба"}
    assert set(news["state"]) == {"listed"}
    code, out, _ = run(*words, second)
    assert code == 0
    assert "3 clips decided" in out
    assert "1 listed → deleted" in out
    news = pd.read_csv(second).set_index("yt_reel_id")
    assert news["state"].to_dict() == {"newbooba000": "stored", "livebooba00": "live", "vanished000": "deleted"}
    assert set(news["cartoon"]) == {"Буба"}  # also of the one that is gone, by its title
    code, out, _err = run(*words, third)
    assert code == 0
    assert len(pd.read_csv(third)) == 0
    with Catalogue(fitted) as catalogue:
        assert Watched(catalogue).untold() == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("predict",), "either a TABLE or a file of ids"),
        (("predict", "x.csv", "--ids", "y.txt"), "not both"),
        (("predict", "x.csv", "--source", "youtube"), "--ids"),
        (("predict", "--ids", "{ids}", "--column", "reel_name=title"), "--column is for the clips of a TABLE"),
        (("predict", "--ids", "{ids}", "--subtitles", "."), "--subtitles is for the clips of a TABLE"),
        (("predict", "--ids", "{ids}", "--rejected", "r.csv"), "--rejected is for the clips of a TABLE"),
        (("predict", "--ids", "missing.txt"), "missing.txt: cannot be read"),
        (("predict", "--ids", "{empty}"), "no id in it"),
        (("predict", "--ids", "{ids}", "--source", "nowhere"), "is no source"),
        (("predict", "--ids", "{ids}", "--transcripts", "ru"), "--transcripts belongs to a source"),
        (("predict", "--ids", "{ids}", "--quota", "5"), "--quota belongs to a source"),
        (("predict", "x.csv", "--quota", "5"), "--ids"),
        (("predict", "--ids", "{ids}", "-o", "x.txt"), ".parquet"),
    ],
)
def test_what_cannot_be_meant_is_one_line(run, fitted, tmp_path, words, reason):
    (tmp_path / "empty").write_text("\n\n")
    (tmp_path / "ids").write_text("abc")
    names = {"empty": tmp_path / "empty", "ids": tmp_path / "ids"}
    code, _, err = run(*(word.format(**names) for word in words), "--catalogue", fitted)
    assert code == 2
    assert reason in err
    assert err.count("\n") == 1
