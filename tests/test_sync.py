"""Sync against a fake of the API on a socket: what it lists, what it asks for and what it keeps."""

from collections import Counter

import pytest
from conftest import contents
from fake_youtube import A, B, fill, name, states

from smf_embed.catalogue import Catalogue
from smf_embed.doctor import examine
from smf_embed.enrichment.enriching import enrich
from smf_embed.enrichment.states import State
from smf_embed.enrichment.syncing import sync
from smf_embed.errors import CatalogueError

pytest.importorskip("googleapiclient", reason="needs the extra: pip install 'smf-embed[youtube]'")


def test_new_clips_are_added_with_their_fields_and_nothing_is_fetched_twice(api, catalogue, youtube, clock):
    ids = fill(api, 120) + fill(api, 30, B, 1000)
    report = sync(catalogue, youtube(), [A, B], clock=clock)
    assert (report.channels, report.new, report.states) == (2, 150, {State.OK: 150})
    assert Counter(method for method, _ in api.requests) == {"channels": 1, "playlistItems": 4, "videos": 3}
    assert report.units == 8
    assert api.asked() == Counter(ids)
    (clip,) = catalogue.clips([name(7)])
    shown = ("date", "reel_name", "description", "url", "yt_channel_id", "yt_channel_name", "yt_ch_url")
    assert [clip[key] for key in shown] == [
        "2024-05-06",
        f"Clip {name(7)}",
        f"About {name(7)}",
        f"https://www.youtube.com/watch?v={name(7)}",
        A,
        "Channel",
        f"https://www.youtube.com/channel/{A}",
    ]
    assert (clip["seconds"], clip["is_shorts"], clip["broadcast"], clip["cartoon"]) == (200.0, 0.0, "none", None)

    api.requests.clear()
    report = sync(catalogue, youtube(), [A, B], clock=clock)
    assert (report.new, report.states) == (0, {})
    assert Counter(method for method, _ in api.requests) == {"playlistItems": 2}  # a page of each channel

    api.requests.clear()
    new = fill(api, 60, A, 2000)
    assert sync(catalogue, youtube(), [A, B], clock=clock).new == 60
    assert Counter(method for method, _ in api.requests) == {"playlistItems": 3, "videos": 2}
    assert api.asked() == Counter(new)
    assert len(catalogue) == 210


def test_texts_are_encoded_once_though_the_list_and_the_clip_tell_them(api, catalogue, youtube, clock, encoded):
    fill(api, 3)
    sync(catalogue, youtube(), [A], clock=clock)
    assert len(encoded) == len(set(encoded)) == 6


def test_clips_that_a_table_told_are_not_asked_for(api, catalogue, youtube, clock):
    import pandas as pd

    from smf_embed.clip_tables import iter_clips

    fill(api, 5)
    rows = pd.DataFrame({"yt_reel_id": [name(1)], "reel_name": ["Ours"], "cartoon": ["Буба"], "seconds": [9.0]})
    catalogue.add(iter_clips(rows))
    sync(catalogue, youtube(), [A], clock=clock)
    assert name(1) not in api.asked()
    (clip,) = catalogue.clips([name(1)])
    assert (clip["reel_name"], clip["cartoon"], clip["seconds"]) == ("Ours", "Буба", 9.0)


def test_channels_are_found_by_handle_and_once(api, catalogue, youtube, clock):
    fill(api, 2)
    api.handles["@ours"] = A
    for _ in range(2):
        assert sync(catalogue, youtube(), ["@ours", A], clock=clock).channels == 1
    assert api.count("channels") == 2  # one by the handle, one by the id, none the second time


def test_a_listing_that_was_broken_off_goes_on_where_it_was_and_misses_nothing(api, catalogue, youtube, clock):
    old = fill(api, 200)
    asked = iter(range(100))
    report = sync(catalogue, youtube(), [A], clock=clock, stop=lambda: next(asked) == 4)
    assert report.stopped
    assert 0 < report.new < 200
    new = fill(api, 30, A, 1000)  # they move the pages along
    sync(catalogue, youtube(), [A], clock=clock)
    assert set(states(catalogue, old + new)) == {*old, *new}
    assert api.asked() == Counter(old + new)
    assert api.count("playlistItems") <= 4 + 2 + 1


def test_a_page_that_cannot_be_asked_for_any_more_begins_the_listing_anew(api, catalogue, youtube, clock):
    ids = fill(api, 120)
    asked = iter(range(100))
    sync(catalogue, youtube(), [A], clock=clock, stop=lambda: next(asked) == 3)
    api.faults = ["invalidPageToken"]
    report = sync(catalogue, youtube(), [A], clock=clock)
    assert report.trouble is None
    assert states(catalogue, ids) == dict.fromkeys(ids, State.OK)
    assert api.asked() == Counter(ids)


def test_an_error_in_the_middle_of_a_page_is_no_clip(api, catalogue, youtube, clock):
    fill(api, 2)
    api.uploads[A].append("")  # an item without an id
    report = sync(catalogue, youtube(), [A], clock=clock)
    assert report.new == 2


def test_a_catalogue_with_states_is_verified_mended_and_of_this_format(api, catalogue, youtube, clock, tmp_path):
    from smf_embed.salvage import salvage

    ids = fill(api, 60)
    sync(catalogue, youtube(), [A], clock=clock)
    catalogue.close()
    folder = tmp_path / "index"
    assert examine(folder) == []
    kept = salvage(folder / "catalogue.sqlite")
    assert kept is not None
    assert (kept["watched_clips"], kept["watched_channels"], kept["quota"]) == (60, 1, 1)
    api.requests.clear()
    with Catalogue(folder) as opened:
        assert sync(opened, youtube(), [A], clock=clock).states == {}
        assert set(states(opened, ids).values()) == {State.OK}
    assert [method for method, _ in api.requests] == ["playlistItems"]


def test_two_asks_for_the_same_ids_ask_once(api, catalogue, youtube, clock):
    fill(api, 1)
    came = enrich(catalogue, youtube(), [name(0), name(0), "wrong"], clock=clock)
    assert came.states == {name(0): State.OK, "wrong": State.WRONG}
    assert api.asked() == {name(0): 1}


def test_columns_of_the_studio_are_those_of_the_newest_stored_clip_of_the_channel(api, catalogue, youtube, clock):
    import pandas as pd

    from smf_embed.clip_tables import iter_clips

    rows = pd.DataFrame(
        {
            "yt_reel_id": ["older", "newest", "bare", name(1), "other"],
            "reel_name": "x",
            "date": ["2023-01-01", "2023-06-01", "2023-09-01", None, "2024-01-01"],
            "yt_channel_id": [A, A, A, A, B],
            "yt_channel_type": ["old", "kids", None, None, "news"],
            "international": [0, 1, None, None, 0],
            "language": ["en", "ru", None, "uk", "de"],
        }
    )
    catalogue.add(iter_clips(rows))
    fill(api, 2)
    fill(api, 1, "UC" + "c" * 22, 10)
    sync(catalogue, youtube(), [A], clock=clock)
    enrich(catalogue, youtube(), [name(10)], clock=clock)
    own = ("yt_channel_type", "flag_closed", "international", "language")
    found = {clip["yt_reel_id"]: [clip[key] for key in own] for clip in catalogue.clips([name(0), name(1), name(10)])}
    assert found == {
        name(0): ["kids", None, 1.0, "ru"],
        name(1): ["kids", None, 1.0, "uk"],  # what a table told of the clip itself stays
        name(10): [None] * 4,
    }


def test_what_a_source_does_not_know_clears_nothing(api, catalogue, youtube, clock):
    import pandas as pd

    from smf_embed.clip_tables import iter_clips

    api.add(name(0), duration="PT20S", width=None, height=None)
    rows = pd.DataFrame({"yt_reel_id": [name(0)], "reel_name": ["Ours"], "is_shorts": [1], "subtitles": ["Said"]})
    catalogue.add(iter_clips(rows))
    enrich(catalogue, youtube(), [name(0)], clock=clock)
    (clip,) = catalogue.clips([name(0)])
    assert [clip[key] for key in ("reel_name", "seconds", "is_shorts", "subtitles")] == [
        f"Clip {name(0)}", 20.0, 1.0, "Said"
    ]  # fmt: skip


def test_a_sync_without_a_good_file_of_channels_changes_nothing(run, fitted, tmp_path):
    before = contents(fitted)
    for text, reason in (("", "no channel in it"), (f"{A}\nhttps://youtu.be/x\n", "line 2"), ("a b", "is no channel")):
        (tmp_path / "channels.txt").write_text(text)
        code, _, err = run("sync", "--channels", tmp_path / "channels.txt", "--catalogue", fitted)
        assert code == 2
        assert reason in err
    assert contents(fitted) == before


def test_no_other_sync_stores_anything_while_decisions_are_written(run, api, fitted, tmp_path, monkeypatch):
    from smf_embed import answers

    fill(api, 2)
    (tmp_path / "channels.txt").write_text(A)
    answer, tries = answers.answer, []

    def answered(ids, catalogue, **words):
        tries.append(ids)
        other = Catalogue(fitted)
        with pytest.raises(CatalogueError, match="is being written by"), other, other.adding("sync", alone=True):
            pass
        return answer(ids, catalogue, **words)

    monkeypatch.setattr(answers, "answer", answered)
    words = ("--channels", tmp_path / "channels.txt", "--catalogue", fitted, "-o", tmp_path / "news.csv")
    code, out, err = run("sync", *words)
    assert code == 0, err
    assert tries == [[name(0), name(1)]]
    assert "2 clips decided" in out


def test_decisions_of_an_earlier_sync_are_not_written_over(run, fitted, tmp_path):
    (tmp_path / "channels.txt").write_text(A)
    (tmp_path / "news.csv").write_text("told once")
    words = ("--channels", tmp_path / "channels.txt", "--catalogue", fitted, "-o", tmp_path / "news.csv")
    code, _, err = run("sync", *words)
    assert code == 2
    assert "is there already" in err
    assert (tmp_path / "news.csv").read_text() == "told once"
