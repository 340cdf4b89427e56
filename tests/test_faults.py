"""A service that fails, is used up or does not answer: what becomes of it, and of the key."""

import json
import sys
import traceback
from collections import Counter
from contextlib import closing

import pytest
from fake_youtube import KEY, A, B, fill, name, states

from smf_embed.answers import UNKNOWN, answer
from smf_embed.catalogue import Catalogue
from smf_embed.enrichment.enriching import enrich
from smf_embed.enrichment.states import Answer, QuotaUsedUpError, SourceError, State, UnreachableError
from smf_embed.enrichment.syncing import sync
from smf_embed.enrichment.watched import Watched
from smf_embed.enrichment.youtube import YouTube
from smf_embed.errors import InputError

pytest.importorskip("googleapiclient", reason="needs the extra: pip install 'smf-embed[youtube]'")


@pytest.mark.slow
@pytest.mark.parametrize("method", ["channels", "playlistItems", "videos"])
@pytest.mark.parametrize(
    "fault",
    [
        "backendError",
        "unavailable",
        "tooManyRequests",
        "rateLimitExceeded",
        "close",
        "break",
        "hang",
        "nonsense",
        "slow",
    ],
)
def test_a_passing_fault_changes_nothing_and_is_counted(api, catalogue, youtube, clock, method, fault):
    fill(api, 3)
    api.faults = [""] * ["channels", "playlistItems", "videos"].index(method) + [fault]
    report = sync(catalogue, youtube(), [A], clock=clock)
    assert report.trouble is None
    assert states(catalogue, map(name, range(3))) == {name(number): State.OK for number in range(3)}
    # httplib2 itself sends again what was closed without a word; what is slow is an answer
    assert report.units == (3 if fault in ("close", "slow") else 4)


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


#: Fault that does not pass → what the sync ends with, after how many requests (None: as many as the connection likes),
#: words of it.
LASTING = {
    "keyInvalid": (SourceError, 1, "does not take the key in YOUTUBE_API_KEY: 400 keyInvalid"),
    "keyExpired": (SourceError, 1, "does not take the key in YOUTUBE_API_KEY: 400 keyExpired"),
    "badRequest": (SourceError, 1, "refuses: 400 badRequest"),
    "forbidden": (SourceError, 1, "refuses: 403 forbidden"),
    "accessNotConfigured": (SourceError, 1, "refuses: 403 accessNotConfigured"),
    "redirect": (SourceError, 1, "refuses: 302"),
    "quotaExceeded": (QuotaUsedUpError, 1, "is used up for today"),
    "rateLimitExceeded": (UnreachableError, 6, "does not answer now: 403 rateLimitExceeded"),
    "tooManyRequests": (UnreachableError, 6, "does not answer now: 429 tooManyRequests"),
    "backendError": (UnreachableError, 6, "does not answer now: 500 backendError"),
    "unavailable": (UnreachableError, 6, "does not answer now: 503 unavailable"),
    "hang": (UnreachableError, 6, "cannot be reached: timed out"),
    "close": (UnreachableError, None, "cannot be reached"),
    "break": (UnreachableError, 6, "cannot be reached"),
    "nonsense": (UnreachableError, 6, "no answer of it"),
    "not_its_own": (UnreachableError, 6, "no answer of it"),
}


@pytest.mark.slow
# a list that is a bad request is the fault of its channel, and ends nothing: see test_states.py
@pytest.mark.parametrize(
    ("method", "fault"),
    [("videos", fault) for fault in LASTING] + [("playlistItems", fault) for fault in LASTING if fault != "badRequest"],
)
def test_a_lasting_fault_ends_the_sync_in_its_own_way_and_the_next_does_the_rest(
    api, catalogue, youtube, clock, caplog, method, fault
):
    caplog.set_level(0)
    kind, requests, words = LASTING[fault]
    ids = fill(api, 3)
    before = ["channels", "playlistItems", "videos"].index(method)
    api.faults = [""] * before + [fault] * 30
    if kind is SourceError:  # something must be mended
        with pytest.raises(SourceError) as raised:
            sync(catalogue, youtube(), [A], clock=clock)
        error = raised.value
    else:
        error = sync(catalogue, youtube(), [A], clock=clock).trouble
    assert isinstance(error, kind)
    assert words in str(error)
    assert "\n" not in str(error)
    if requests is not None:
        assert len(api.requests) == before + requests
        units = 10_000 if kind is QuotaUsedUpError else before + requests
        assert Watched(catalogue).quota("the YouTube Data API") == ("2026-03-02", units)
    assert KEY not in said_by(error) + caplog.text
    api.faults.clear()
    clock.advance(days=1)
    assert sync(catalogue, youtube(), [A], clock=clock).trouble is None
    assert states(catalogue, ids) == dict.fromkeys(ids, State.OK)


def said_by(error: BaseException | None) -> str:
    """All that an error and those it came of can be made to say."""
    said = []
    seen: list[BaseException | None] = [None]
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one not in seen and one is not None:
            seen.append(one)
            said += [str(one), repr(one), repr(one.args), repr(vars(one)), *traceback.format_exception(one)]
            waiting += [one.__cause__, one.__context__]
    return "\n".join(said)


def test_a_channel_or_a_list_that_is_not_found_stops_nothing(api, catalogue, youtube, clock):
    fill(api, 1)
    api.faults = ["notFound"]
    assert "no such channel" in sync(catalogue, youtube(), [A], clock=clock).unlisted[A]
    clock.advance(hours=1)
    api.faults = ["", "notFound"]
    assert "no list of clips any more" in sync(catalogue, youtube(), [A], clock=clock).unlisted[A]
    clock.advance(hours=1)
    assert sync(catalogue, youtube(), [A], clock=clock).states == {State.OK: 1}


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


def test_the_key_is_in_no_log_and_no_representation(api, caplog):
    caplog.set_level(0)
    api.faults = ["unavailable"]
    with closing(YouTube(KEY, endpoint=api.url, sleep=lambda seconds: None)) as source:
        source.fetch([name(1)])
    assert KEY not in caplog.text
    assert KEY not in repr(source)
    assert KEY not in repr(source.quota)


@pytest.mark.slow
def test_the_key_is_in_nothing_that_the_commands_say_log_or_write(run, fitted, api, tmp_path, caplog):
    caplog.set_level(0)
    ids = fill(api, 3)
    (tmp_path / "ids.txt").write_text("\n".join([*ids, "neverthere0"]))
    (tmp_path / "channels.txt").write_text(A)
    wheres = ("--source", "youtube", "--catalogue", fitted)
    said = []
    for fault in ("keyInvalid", "forbidden", "unavailable", "break", "nonsense", "quotaExceeded"):
        api.faults = [fault] * 6
        said += run("predict", "--ids", tmp_path / "ids.txt", *wheres, "--quota", "1000", "--json")
        assert api.faults == [] or fault in ("keyInvalid", "forbidden", "quotaExceeded")
    with Catalogue(fitted) as catalogue, catalogue.transaction("quota"):
        catalogue.database.sql.execute("DELETE FROM quota")
    api.faults = []
    said += run("sync", "--channels", tmp_path / "channels.txt", *wheres, "-o", tmp_path / "news.csv", "--json")
    assert said.count(0) >= 1
    assert said.count(2) == 2
    assert said.count(4) == 4
    assert (tmp_path / "news.csv").exists()
    assert KEY not in "\n".join([*map(str, said), caplog.text])
    assert [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []


def test_our_own_limit_may_be_named_for_ids_too(run, fitted, api, tmp_path):
    (tmp_path / "ids.txt").write_text("\n".join(fill(api, 120)))
    api.videos.clear()
    words = ("predict", "--ids", tmp_path / "ids.txt", "--catalogue", fitted, "--source", "youtube", "--quota", 2)
    code, out, err = run(*words)
    assert code == 4
    assert "is used up for today" in err
    assert (out.count("not found"), out.count(",quota,")) == (100, 20)
    assert api.count("videos") == 2


def test_a_missing_extra_names_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "googleapiclient", None)
    with pytest.raises(Exception, match=r"pip install 'smf-embed\[youtube\]'"):
        YouTube(KEY)


def test_without_time_zones_one_line_says_what_to_install_and_nothing_is_asked_for(
    api, catalogue, monkeypatch, request
):
    import zoneinfo

    monkeypatch.setitem(sys.modules, "tzdata", None)
    request.addfinalizer(zoneinfo.reset_tzpath)
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    with pytest.raises(InputError, match=r"pip install 'smf-embed\[youtube\]'"):
        YouTube()
    assert api.requests == []
    # only that day needs them
    enrich(catalogue, Nothing(), ["some id"])
    (clip,) = answer(["https://youtu.be/dQw4w9WgXcQ"], catalogue).clips
    assert clip.cartoon == UNKNOWN


class Nothing:
    """A source that knows of no clip."""

    name, batch_size, knows_all, quota, notes = "nothing", 10, False, None, []

    def fetch(self, ids, with_subtitles=()):
        return {one: Answer(State.NOT_FOUND, "there is nothing") for one in ids}
