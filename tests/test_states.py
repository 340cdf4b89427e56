"""States of clips and channels that are looked up: how they change, and when they are asked for again."""

import pytest
from fake_youtube import KEY, A, B, fill, name, states

from smf_embed.answers import UNKNOWN, answer
from smf_embed.enrichment.enriching import enrich
from smf_embed.enrichment.states import SourceError, State
from smf_embed.enrichment.syncing import sync
from smf_embed.enrichment.watched import SCHEDULE, Watched
from smf_embed.errors import ModelError

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


@pytest.mark.parametrize("error", ["badRequest", "channelForbidden"])
def test_a_channel_that_the_api_refuses_does_not_stop_the_others(api, catalogue, youtube, clock, error):
    fill(api, 2, A)
    fill(api, 2, B, 10)
    refused = "UC" + "c" * 22
    fill(api, 1, refused, 20)
    bad = {refused: error, "@no handle": error, "user/nobody": error}
    api.refused = {one.removeprefix("user/"): error for one in bad}
    report = sync(catalogue, youtube(), [A, *bad, B], clock=clock)
    assert (report.channels, report.new, report.trouble) == (2, 4, None)
    assert report.unlisted.keys() == bad.keys()
    assert all(error in reason and KEY not in reason for reason in report.unlisted.values())
    # and the list of one that was found before
    api.refused = {A: error}
    report = sync(catalogue, youtube(), [A, B], clock=clock)
    assert (report.channels, report.trouble) == (1, None)
    assert error in report.unlisted[A]


@pytest.mark.parametrize("error", ["keyInvalid", "accessNotConfigured", "forbidden"])
def test_what_no_channel_is_the_reason_of_ends_a_sync(api, catalogue, youtube, clock, error):
    fill(api, 2, A)
    api.faults = [error]
    with pytest.raises(SourceError, match=error):
        sync(catalogue, youtube(), [A, B], clock=clock)
    assert len(api.requests) == 1


def test_a_list_that_is_not_public_is_told(api, catalogue, youtube, clock):
    fill(api, 2)
    api.faults = ["", "playlistItemsNotAccessible"]
    assert "not public" in sync(catalogue, youtube(), [A], clock=clock).unlisted[A]


def test_a_clip_that_was_removed_comes_back_by_its_name_and_not_by_a_sync(api, catalogue, youtube, clock):
    ids = fill(api, 2)
    live = api.add(name(2), broadcast="live", duration="P0D")
    sync(catalogue, youtube(), [A], clock=clock)
    catalogue.remove([ids[0], live])
    api.requests.clear()
    clock.advance(days=40)
    report = sync(catalogue, youtube(), [A], recheck_days=0, clock=clock)
    assert report.states == {State.OK: 1}  # the one that is still stored
    assert states(catalogue, [ids[0], live]) == {ids[0]: State.REMOVED, live: State.REMOVED}
    assert len(catalogue) == 1
    (clip,) = answer([ids[0]], catalogue).clips
    assert (clip.cartoon, clip.state) == (UNKNOWN, "not stored")
    assert "removed from the catalogue on " in clip.reason
    assert ids[0] not in api.asked()
    enrich_named(catalogue, youtube(), ids[0])
    assert api.asked()[ids[0]] == 1
    assert states(catalogue, ids) == dict.fromkeys(ids, State.OK)
    assert ids[0] in catalogue


def enrich_named(catalogue, source, identifier):
    """Look a clip up as `classify` does; there is no model to decide it by."""
    with pytest.raises(ModelError):
        answer([identifier], catalogue, source=source)


def test_a_clip_that_was_removed_and_added_again_is_one_like_any_other(api, catalogue, youtube, clock):
    import pandas as pd

    from smf_embed.clip_tables import iter_clips

    ids = fill(api, 2)
    sync(catalogue, youtube(), [A], clock=clock)
    catalogue.remove(ids)
    rows = pd.DataFrame({"yt_reel_id": ids, "reel_name": "Ours", "cartoon": "Буба", "seconds": [9.0, None]})
    catalogue.add(iter_clips(rows))
    assert [clip.state for clip in answer(ids, catalogue).clips] == ["stored", "stored"]
    sync(catalogue, youtube(), [A], clock=clock)
    assert states(catalogue, ids) == dict.fromkeys(ids, State.OK)
    assert api.asked() == {ids[0]: 1, ids[1]: 2}  # what the table did not tell of the second
    assert [clip["seconds"] for clip in catalogue.clips(ids)] == [9.0, 200.0]


def test_a_clip_of_a_table_that_was_removed_is_not_brought_back_by_a_sync(api, catalogue, youtube, clock):
    import pandas as pd

    from smf_embed.clip_tables import iter_clips

    ids = fill(api, 2)
    catalogue.add(iter_clips(pd.DataFrame({"yt_reel_id": ids, "reel_name": "Ours"})))
    catalogue.remove([ids[0]])
    sync(catalogue, youtube(), [A], clock=clock)
    assert states(catalogue, ids) == {ids[0]: State.REMOVED, ids[1]: State.OK}
    assert ids[0] not in catalogue
    assert ids[0] not in api.asked()
    assert Watched(catalogue).untold() == [ids[1]]
    enrich_named(catalogue, youtube(), ids[0])
    assert ids[0] in catalogue


def test_a_clip_that_is_removed_while_a_sync_asks_for_it_stays_removed(api, catalogue, youtube, clock, monkeypatch):
    ids = fill(api, 2)
    source = youtube()
    fetch = source.fetch

    def removing(wanted, with_subtitles=()):
        catalogue.remove([ids[0]])
        return fetch(wanted, with_subtitles)

    monkeypatch.setattr(source, "fetch", removing)
    report = sync(catalogue, source, [A], clock=clock)
    assert report.states == {State.OK: 1}
    assert states(catalogue, ids) == {ids[0]: State.REMOVED, ids[1]: State.OK}
    assert ids[0] not in catalogue


def test_a_clip_whose_fields_have_changed_is_news_and_one_that_is_as_it_was_is_not(api, catalogue, youtube, clock):
    ids = fill(api, 2)
    sync(catalogue, youtube(), [A], clock=clock)
    watched = Watched(catalogue)
    with catalogue.transaction("sync"):
        watched.set_told(watched.untold())
    api.videos[ids[1]]["snippet"]["title"] = "Another title"
    clock.advance(days=1)
    assert sync(catalogue, youtube(), [A], recheck_days=0, clock=clock).states == {State.OK: 2}
    assert watched.untold() == [ids[1]]


def test_a_clip_that_its_channel_shows_again_is_asked_for_at_once(api, catalogue, youtube, clock):
    clip, gone = fill(api, 2)
    api.in_list = {clip: "private", gone: "private"}
    sync(catalogue, youtube(), [A], clock=clock)
    item = api.videos.pop(clip)
    for hours in SCHEDULE:  # until it is not asked for any more
        clock.advance(hours=hours)
        sync(catalogue, youtube(), [A], clock=clock)
    clock.advance(days=100)
    assert Watched(catalogue).clips([clip])[clip].next_try is None
    api.videos[clip] = item
    del api.videos[gone]
    api.in_list.clear()
    report = sync(catalogue, youtube(), [A], clock=clock)
    assert report.changes[State.LISTED, State.OK] == 1
    assert states(catalogue, [clip, gone]) == {clip: State.OK, gone: State.DELETED}
    assert [stored["seconds"] for stored in catalogue.clips([clip])] == [200.0]
    # that a list goes on showing what is not there does not mean that it is asked for every night
    asked = api.asked()
    sync(catalogue, youtube(), [A], clock=clock)
    assert api.asked() == asked


@pytest.mark.parametrize("way", ["recheck", "named"])
def test_what_no_schedule_asks_for_is_asked_for_again_by_a_recheck_or_by_its_name(
    api, catalogue, youtube, clock, monkeypatch, way
):
    monkeypatch.setattr("smf_embed.answers.utc_now", clock)
    clip = name(1)
    enrich(catalogue, youtube(), [clip], clock=clock)
    for hours in SCHEDULE:
        clock.advance(hours=hours)
        sync(catalogue, youtube(), [A], clock=clock)
    assert states(catalogue, [clip]) == {clip: State.NOT_FOUND}
    fill(api, 2)
    api.uploads.clear()  # no list shows it
    asked = api.asked()[clip]
    clock.advance(days=29)
    sync(catalogue, youtube(), [A], recheck_days=30, clock=clock)
    answer([clip], catalogue, source=youtube())
    assert api.asked()[clip] == asked
    clock.advance(days=1)
    if way == "named":
        enrich_named(catalogue, youtube(), clip)
    else:
        sync(catalogue, youtube(), [A], recheck_days=30, clock=clock)
    assert api.asked()[clip] == asked + 1
    assert states(catalogue, [clip]) == {clip: State.OK}


def test_a_channel_that_no_schedule_asks_for_is_asked_for_again_by_a_recheck(api, catalogue, youtube, clock):
    sync(catalogue, youtube(), [A], clock=clock)
    for hours in SCHEDULE:
        clock.advance(hours=hours)
        sync(catalogue, youtube(), [A], clock=clock)
    fill(api, 1)
    clock.advance(days=30)
    assert sync(catalogue, youtube(), [A], clock=clock).channels == 0
    assert sync(catalogue, youtube(), [A], recheck_days=31, clock=clock).channels == 0
    assert sync(catalogue, youtube(), [A], recheck_days=30, clock=clock).channels == 1
