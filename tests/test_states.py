"""States of clips and channels that are looked up: how they change, and when they are asked for again."""

import pytest
from fake_youtube import A, B, fill, name, states

from smf_embed.enrichment.states import State
from smf_embed.enrichment.syncing import sync
from smf_embed.enrichment.watched import SCHEDULE, Watched

pytest.importorskip("googleapiclient", reason="needs the extra: pip install 'smf-embed[youtube]'")


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
