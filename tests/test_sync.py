"""Sync against a fake of the API on a socket: what it asks for, what it keeps, what becomes of errors and kills."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from conftest import contents
from fake_youtube import KEY, FakeYouTube

from smf_embed.catalogue import Catalogue
from smf_embed.doctor import examine
from smf_embed.enrichment.enriching import enrich
from smf_embed.enrichment.quota import Quota
from smf_embed.enrichment.states import QuotaUsedUpError, SourceError, State, UnreachableError
from smf_embed.enrichment.syncing import sync
from smf_embed.enrichment.watched import SCHEDULE, Watched
from smf_embed.enrichment.youtube import YouTube

pytest.importorskip("googleapiclient", reason="needs the extra: pip install 'smf-embed[youtube]'")

A, B = "UC" + "a" * 22, "UC" + "b" * 22
NOON = dt.datetime(2026, 3, 2, 20, 0, tzinfo=dt.UTC)  # 12:00 in Los Angeles


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> dt.datetime:
        return self.now

    def advance(self, **words: float) -> None:
        self.now += dt.timedelta(**words)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def api():
    with FakeYouTube() as api:
        yield api


@pytest.fixture
def catalogue(tmp_path, encoded):
    with Catalogue(tmp_path / "index", create=True) as catalogue:
        yield catalogue


@pytest.fixture
def youtube(api, clock, monkeypatch):
    """Makes the source as a new process would."""

    made = []

    def youtube(limit: int = 10_000) -> YouTube:
        quota = Quota(limit, clock=clock)
        made.append(YouTube(KEY, endpoint=api.url, quota=quota, timeout=0.5, sleep=lambda seconds: None))
        return made[-1]

    yield youtube
    for source in made:
        source.close()


def name(number: int) -> str:
    return f"clip{number:07d}"


def fill(api: FakeYouTube, count: int, channel: str = A, first: int = 0) -> list[str]:
    return [api.add(name(number), channel) for number in range(first, first + count)]


def states(catalogue: Catalogue, ids) -> dict[str, State]:
    return {key: row.state for key, row in Watched(catalogue).clips(ids).items()}


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


@pytest.mark.parametrize("method", ["channels", "playlistItems", "videos"])
@pytest.mark.parametrize(
    "fault",
    ["backendError", "unavailable", "tooManyRequests", "rateLimitExceeded", "close", "break", "hang", "nonsense"],
)
def test_a_passing_fault_changes_nothing_and_is_counted(api, catalogue, youtube, clock, method, fault):
    fill(api, 3)
    api.faults = [""] * ["channels", "playlistItems", "videos"].index(method) + [fault]
    report = sync(catalogue, youtube(), [A], clock=clock)
    assert report.trouble is None
    assert states(catalogue, map(name, range(3))) == {name(number): State.OK for number in range(3)}
    # httplib2 itself sends again what was closed without a word
    assert report.units == (3 if fault == "close" else 4)


def test_a_service_that_stays_away_ends_the_sync_and_the_next_does_the_rest(api, catalogue, youtube, clock):
    ids = fill(api, 60)
    api.faults = [""] * 3 + ["", *["unavailable"] * 6]
    report = sync(catalogue, youtube(), [A], clock=clock)
    assert isinstance(report.trouble, UnreachableError)
    assert "503" in str(report.trouble)
    assert (report.states, report.waiting) == ({State.OK: 50}, 10)
    assert len(catalogue) == 60  # with the titles that the list told
    assert sync(catalogue, youtube(), [A], clock=clock).states == {State.OK: 10}
    answered = Counter(one for method, words in api.answered if method == "videos" for one in words["id"].split(","))
    assert answered == Counter(ids)


def test_waits_between_tries_grow_and_differ(api):
    waits = []
    api.faults = ["unavailable"] * 6
    with closing(YouTube(KEY, endpoint=api.url, sleep=waits.append)) as source, pytest.raises(UnreachableError):
        source.fetch([name(1)])
    assert len(waits) == 5
    assert max(waits) <= 60
    assert len(set(waits)) == 5


@pytest.mark.parametrize(("fault", "words"), [("keyInvalid", "does not take the key"), ("forbidden", "refuses: 403")])
def test_what_must_be_mended_is_an_error_that_keeps_the_key_secret(api, catalogue, youtube, clock, fault, words):
    fill(api, 3)
    api.faults = ["", "", fault]
    with pytest.raises(SourceError, match=words) as raised:
        sync(catalogue, youtube(), [A], clock=clock)
    assert KEY not in str(raised.value)
    assert raised.value.__suppress_context__
    assert len(api.requests) == 3  # it is not tried again
    assert Watched(catalogue).quota("the YouTube Data API") == ("2026-03-02", 3)


def test_at_the_end_of_the_quota_all_stops_until_midnight_in_los_angeles(api, catalogue, youtube, clock):
    ids = fill(api, 120)
    api.faults = [""] * 5 + ["quotaExceeded"]
    report = sync(catalogue, youtube(), [A], clock=clock)
    assert isinstance(report.trouble, QuotaUsedUpError)
    assert "2026-03-03 08:00 UTC" in str(report.trouble)
    assert (report.states, report.waiting) == ({State.OK: 50}, 70)
    asked = len(api.requests)
    clock.advance(hours=11, minutes=59)
    assert isinstance(sync(catalogue, youtube(), [A], clock=clock).trouble, QuotaUsedUpError)
    assert len(api.requests) == asked
    clock.advance(minutes=2)
    assert sync(catalogue, youtube(), [A], clock=clock).trouble is None
    assert set(states(catalogue, ids).values()) == {State.OK}
    answered = Counter(one for method, words in api.answered if method == "videos" for one in words["id"].split(","))
    assert answered == Counter(ids)


def test_our_own_limit_is_kept_over_runs(api, catalogue, youtube, clock):
    fill(api, 120)
    assert sync(catalogue, youtube(5), [A], clock=clock).states == {State.OK: 50}
    assert isinstance(sync(catalogue, youtube(5), [A], clock=clock).trouble, QuotaUsedUpError)
    assert len(api.requests) == 5


def test_a_channel_that_is_closed_does_not_stop_the_others(api, catalogue, youtube, clock):
    fill(api, 2, A)
    fill(api, 2, B, 10)
    closed, never = "UC" + "c" * 22, "UC" + "d" * 22
    fill(api, 1, closed, 20)
    sync(catalogue, youtube(), [closed], clock=clock)
    del api.uploads[closed]
    report = sync(catalogue, youtube(), [closed, never, A, B], clock=clock)
    assert report.channels == 2
    assert report.new == 4
    assert "closed" in report.unlisted[closed]
    assert "no such channel" in report.unlisted[never]
    api.requests.clear()
    sync(catalogue, youtube(), [closed, never, A, B], clock=clock)
    assert api.count("channels") == 0  # not before an hour has gone by
    api.uploads[closed] = [name(20)]
    clock.advance(hours=1)
    report = sync(catalogue, youtube(), [closed, never, A, B], clock=clock)
    assert set(report.unlisted) == {never}


def test_a_list_that_is_not_public_is_told(api, catalogue, youtube, clock):
    fill(api, 2)
    api.faults = ["", "playlistItemsNotAccessible"]
    assert "not public" in sync(catalogue, youtube(), [A], clock=clock).unlisted[A]


def test_channels_are_found_by_handle_and_once(api, catalogue, youtube, clock):
    fill(api, 2)
    api.handles["@ours"] = A
    for _ in range(2):
        assert sync(catalogue, youtube(), ["@ours", A], clock=clock).channels == 1
    assert api.count("channels") == 2  # one by the handle, one by the id, none the second time


def test_what_could_not_be_had_is_asked_for_again_by_the_schedule(api, catalogue, youtube, clock):
    ids = fill(api, 2)
    del api.videos[ids[0]]
    sync(catalogue, youtube(), [A], clock=clock)
    assert states(catalogue, ids) == {ids[0]: State.DELETED, ids[1]: State.OK}
    (clip,) = catalogue.clips([ids[0]])
    assert clip["reel_name"] == f"Clip {ids[0]}"
    assert clip["seconds"] is None
    for hours in SCHEDULE:
        clock.advance(hours=hours, seconds=-1)
        asked = api.asked()[ids[0]]
        sync(catalogue, youtube(), [A], clock=clock)
        assert api.asked()[ids[0]] == asked
        clock.advance(seconds=1)
        sync(catalogue, youtube(), [A], clock=clock)
        assert api.asked()[ids[0]] == asked + 1
    clock.advance(days=1000)
    report = sync(catalogue, youtube(), [A], clock=clock)
    assert (report.states, report.next_try) == ({}, None)
    assert api.asked()[ids[1]] == 1


def test_upcoming_becomes_live_becomes_a_clip(api, catalogue, youtube, clock):
    clip = api.add(name(1), broadcast="upcoming", duration="P0D")
    sync(catalogue, youtube(), [A], clock=clock)
    assert states(catalogue, [clip]) == {clip: State.UPCOMING}
    assert catalogue.clips([clip])[0]["seconds"] is None
    for broadcast, duration, state in (("live", "P0D", State.LIVE), ("none", "PT2H", State.OK)):
        api.videos[clip]["snippet"]["liveBroadcastContent"] = broadcast
        api.videos[clip]["contentDetails"]["duration"] = duration
        clock.advance(hours=1)
        sync(catalogue, youtube(), [A], clock=clock)
        assert states(catalogue, [clip]) == {clip: state}
    stored = catalogue.clips([clip])[0]
    assert (stored["seconds"], stored["broadcast"]) == (7200.0, "none")


def test_a_broadcast_that_goes_on_for_years_is_asked_for_once_a_month(api, catalogue, youtube, clock):
    clip = api.add(name(1), broadcast="live", duration="P0D")
    for _ in range(20):
        sync(catalogue, youtube(), [A], clock=clock)
        clock.advance(days=30)
    assert api.asked()[clip] == 20


def test_what_is_made_private_or_deleted_is_noticed(api, catalogue, youtube, clock):
    ids = fill(api, 3)
    api.in_list = {ids[0]: "private"}
    sync(catalogue, youtube(), [A], clock=clock)
    assert states(catalogue, ids) == {ids[0]: State.PRIVATE, ids[1]: State.OK, ids[2]: State.OK}
    assert ids[0] not in api.asked()
    assert ids[0] not in catalogue
    api.in_list[ids[1]] = "private"
    del api.videos[ids[2]]
    report = sync(catalogue, youtube(), [A], clock=clock)
    assert report.changes == {(State.OK, State.PRIVATE): 1}
    clock.advance(days=8)
    report = sync(catalogue, youtube(), [A], recheck_days=7, clock=clock)
    assert report.changes[State.OK, State.DELETED] == 1
    row = Watched(catalogue).clips(ids)[ids[2]]
    assert row.state is State.DELETED
    assert "2026-03-02" in row.reason
    assert ids[2] in catalogue  # what was known of it stays


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


@pytest.mark.parametrize("part", ["snippet", "contentDetails", "status", "player"])
@pytest.mark.parametrize("value", [None, "text", ["list"], {"title": 3, "duration": [], "publishedAt": 5}])
def test_a_clip_that_cannot_be_read_leaves_the_others_as_they_are(api, catalogue, youtube, clock, part, value):
    fill(api, 2)
    api.videos[name(0)][part] = value
    came = enrich(catalogue, youtube(), [name(0), name(1)], clock=clock)
    assert came.states[name(1)] is State.OK
    assert came.states[name(0)] in (State.OK, State.UNAVAILABLE)


def test_lists_that_cannot_be_read_end(api, catalogue, youtube, clock):
    fill(api, 2)
    true = api.answer

    def answer(method, words):
        found = true(method, words)
        if method == "playlistItems":
            found["items"] += [None, 3, {"snippet": None}, {"contentDetails": {"videoId": 5}}]
            found["nextPageToken"] = "1"
        if method == "channels":
            found["items"] += [{"id": None}, {"id": B, "contentDetails": "x"}, None]
        return found

    api.answer = answer
    report = sync(catalogue, youtube(), [A, B], clock=clock)
    assert (report.new, report.states) == (2, {State.OK: 2})
    assert list(report.unlisted) == [B]
    assert api.count("playlistItems") <= 3


def test_an_answer_that_is_not_the_services_does_not_mean_that_clips_are_gone(api, catalogue, youtube, clock):
    ids = fill(api, 2)
    enrich(catalogue, youtube(), ids, clock=clock)
    api.faults = ["not_its_own"] * 6
    came = enrich(catalogue, youtube(), ids, clock=clock)
    assert isinstance(came.trouble, UnreachableError)
    assert set(states(catalogue, ids).values()) == {State.OK}


def test_an_error_whose_message_is_no_text_is_one_of_the_service(api, catalogue, youtube, clock, monkeypatch):
    import fake_youtube

    class Odd:
        def dumps(self, value):
            return json.dumps({"error": {"message": 3, "errors": KEY}})

        loads = staticmethod(json.loads)

    fill(api, 1)
    monkeypatch.setattr(fake_youtube, "json", Odd())
    came = enrich(catalogue, youtube(), [name(0)], clock=clock)
    monkeypatch.undo()
    assert isinstance(came.trouble, UnreachableError)
    assert KEY not in str(came.trouble)


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


# ------------------------------------------------------------------------------------------------- in a process


DRIVER = """
import sys
sys.path.insert(0, {tests!r})
import numpy as np
from conftest import fake_vector
from smf_embed import cli
from smf_embed.encoder import Encoder
from smf_embed.enrichment.youtube import YouTube
Encoder.encode = lambda self, texts, progress=None: np.array(
    [fake_vector(text) for text in texts], dtype=np.float32
).reshape(len(texts), 16)
YouTube.__init__.__kwdefaults__ |= dict(endpoint={url!r}, sleep=lambda seconds: None, timeout=1.0)
sys.argv = ["smf-embed", *sys.argv[1:]]
cli.main()
"""


@pytest.fixture
def start(api, tmp_path):
    """Start the command line against the fake in a process of its own."""
    with Catalogue(tmp_path / "index", create=True):
        pass
    (tmp_path / "channels.txt").write_text(f"# ours\n{A}\n\nhttps://www.youtube.com/channel/{B}  # theirs\n")
    started = []

    def start(*words: object, key: str = KEY) -> subprocess.Popen:
        code = DRIVER.format(tests=str(Path(__file__).parent), url=api.url)
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code, *map(str, words), "--catalogue", tmp_path / "index"],
                env={**os.environ, "YOUTUBE_API_KEY": key},
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


SYNC = ("sync", "--channels", "channels.txt", "--json")


def finished(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.mark.slow
def test_kills_in_the_middle_lose_one_request_each_and_the_end_is_the_same(api, start, tmp_path):
    ids = fill(api, 130, A) + fill(api, 90, B, 1000)
    deaths = [1, 3, 5, 8, 9]
    process = start(*SYNC)

    def kill(number: int) -> None:
        if deaths and number == deaths[0]:
            deaths.pop(0)
            process.kill()

    api.on_request = kill
    while deaths:
        assert finished(process)[0] == -signal.SIGKILL
        process = start(*SYNC)
    code, _out, err = finished(process)
    assert code == 0, err
    with Catalogue(tmp_path / "index") as catalogue:
        assert set(states(catalogue, ids).values()) == {State.OK}
        assert len(catalogue) == 220
    assert examine(tmp_path / "index") == []
    # what an undisturbed run asks for, and once more what was in flight at each of the five kills; a listing that was
    # broken off is looked at from the top once more, for each of both channels
    whole = 1 + 3 + 2 + 5
    assert whole + 5 <= len(api.requests) <= whole + 5 + 2
    assert sum(count - 1 for count in api.asked().values()) <= 50 * 5


@pytest.mark.slow
def test_ctrl_c_finishes_the_request_in_flight_and_nothing_is_asked_for_twice(api, start):
    ids = fill(api, 130, A)
    process = start(*SYNC)
    api.on_request = lambda number: process.send_signal(signal.SIGINT) if number == 6 else None
    code, out, err = finished(process)
    assert code == 130
    assert "same command does the rest" in err
    assert json.loads(out)["stopped"]
    code, out, err = finished(start(*SYNC))
    assert code == 0, err
    assert api.asked() == Counter(ids)


@pytest.mark.slow
def test_exit_codes_and_a_key_that_is_seen_nowhere(api, start, tmp_path):
    fill(api, 3, A)
    said = []
    code, *texts = finished(start(*SYNC, key=""))
    assert code == 2
    assert "YOUTUBE_API_KEY" in texts[1]
    assert "Traceback" not in texts[1]
    for faults, expected in ((["keyInvalid"], 2), (["forbidden"], 2), (["unavailable"] * 6, 4), (["quotaExceeded"], 4)):
        api.faults = list(faults)
        code, *texts = finished(start(*SYNC))
        assert code == expected, texts
        assert texts[1].count("\n") == 1
        assert texts[1].startswith("smf-embed: ")
        said += texts
    with Catalogue(tmp_path / "index") as catalogue, catalogue.transaction("quota"):
        catalogue.database.sql.execute("DELETE FROM quota")
    code, *texts = finished(start(*SYNC))
    assert code == 0, texts
    assert json.loads(texts[0])["new"] == 3
    assert json.loads(texts[0])["unlisted"] == {B: "YouTube has no such channel: closed, or never there"}
    said += texts
    code, *texts = finished(start("predict", "--ids", "channels.txt", "--source", "youtube", "--json", key="wrong key"))
    assert code == 2
    assert not [text for text in [*said, *texts] if KEY in text or "wrong key" in text]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def test_the_key_is_in_no_log_and_no_representation(api, caplog):
    caplog.set_level(0)
    api.faults = ["unavailable"]
    with closing(YouTube(KEY, endpoint=api.url, sleep=lambda seconds: None)) as source:
        source.fetch([name(1)])
    assert KEY not in caplog.text
    assert KEY not in repr(source)
    assert KEY not in repr(source.quota)


def test_a_missing_extra_names_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "googleapiclient", None)
    with pytest.raises(Exception, match=r"pip install 'smf-embed\[youtube\]'"):
        YouTube(KEY)


def test_a_sync_without_a_good_file_of_channels_changes_nothing(run, fitted, tmp_path):
    before = contents(fitted)
    for text, reason in (("", "no channel in it"), (f"{A}\nhttps://youtu.be/x\n", "line 2"), ("a b", "is no channel")):
        (tmp_path / "channels.txt").write_text(text)
        code, _, err = run("sync", "--channels", tmp_path / "channels.txt", "--catalogue", fitted)
        assert code == 2
        assert reason in err
    assert contents(fitted) == before


def test_decisions_of_an_earlier_sync_are_not_written_over(run, fitted, tmp_path):
    (tmp_path / "channels.txt").write_text(A)
    (tmp_path / "news.csv").write_text("told once")
    words = ("--channels", tmp_path / "channels.txt", "--catalogue", fitted, "-o", tmp_path / "news.csv")
    code, _, err = run("sync", *words)
    assert code == 2
    assert "is there already" in err
    assert (tmp_path / "news.csv").read_text() == "told once"
