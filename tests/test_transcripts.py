"""What is said in clips, from a fake of the player that YouTube's pages have."""

import json
import threading
from collections import Counter
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from fake_youtube import KEY, A, FakeYouTube

from smf_embed.enrichment.states import State
from smf_embed.enrichment.syncing import sync


class FakePlayer(BaseHTTPRequestHandler):
    """What youtube-transcript-api asks of YouTube's pages."""

    captions: ClassVar[dict[str, list[tuple[str, str, str]]]] = {}
    blocked = False
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        if self.path.startswith("/watch"):
            type(self).asked.append(self.path.partition("v=")[2])
            self._send('<div class="g-recaptcha">' if self.blocked else '"INNERTUBE_API_KEY": "abc"')
        else:
            text = self.path.rpartition("/")[2]
            words = {language + kind: said for row in self.captions.values() for language, kind, said in row}
            self._send(f'<transcript><text start="0" dur="1">{words[text]}</text></transcript>')

    def do_POST(self) -> None:
        identifier = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["videoId"]
        found: dict = {"playabilityStatus": {"status": "OK"}}
        tracks = [
            {
                "baseUrl": f"https://www.youtube.com/api/{language}{kind}",
                "name": {"runs": [{"text": language}]},
                "languageCode": language,
                **({"kind": kind} if kind else {}),
            }
            for language, kind, _ in self.captions.get(identifier, [])
        ]
        if tracks:
            renderer = {"captionTracks": tracks, "translationLanguages": []}
            found["captions"] = {"playerCaptionsTracklistRenderer": renderer}
        self._send(json.dumps(found))

    def _send(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def player():
    """The fake, and a session whose requests to YouTube go there."""
    pytest.importorskip("youtube_transcript_api", reason="needs the extra: pip install 'smf-embed[youtube]'")
    import requests
    from requests.adapters import HTTPAdapter

    fake = type("Fake", (FakePlayer,), {"captions": {}, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), fake)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    class Here(HTTPAdapter):
        def send(self, request, *words, **options):
            request.url = request.url.replace("https://www.youtube.com", f"http://127.0.0.1:{server.server_port}")
            return super().send(request, *words, **options)

    with requests.Session() as session:
        session.mount("https://", Here())
        yield fake, session
    server.shutdown()
    server.server_close()


def test_transcripts_come_in_the_preferred_language_those_of_people_first(player):
    from smf_embed.enrichment.transcripts import Transcripts

    fake, session = player
    fake.captions["several0000"] = [("en", "", "Hello"), ("ru", "asr", "машина"), ("ru", "", "[Музыка] Привет")]
    fake.captions["foreign0000"] = [("de", "asr", "Guten Tag")]
    fake.captions["american000"] = [("de", "", "Guten Tag"), ("en-US", "", "Howdy")]
    transcripts = Transcripts(["ru", "EN"], session)
    assert transcripts.text("american000") == "Howdy"
    assert transcripts.text("several0000") == "Привет"
    assert transcripts.text("foreign0000") == "Guten Tag"
    assert transcripts.text("nothing0000") is None


def test_who_is_blocked_asks_no_more_and_keeps_the_clips(player, tmp_path):
    from smf_embed.enrichment.transcripts import Transcripts, WithTranscripts
    from smf_embed.enrichment.youtube import YouTube

    fake, session = player
    with FakeYouTube() as api:
        ids = [api.add(f"clip{number:07d}") for number in range(3)]
        api.add("live0000000", broadcast="live", duration="P0D")
        fake.captions = {one: [("ru", "", "Сказано")] for one in ids}
        with closing(WithTranscripts(YouTube(KEY, endpoint=api.url), Transcripts(["ru"], session))) as source:
            found = source.fetch([*ids, "live0000000"])
            assert [(answer.cells or {}).get("subtitles") for answer in found.values()] == ["Сказано"] * 3 + [None]
            assert fake.asked == ids  # of what is live nothing is to be had yet
            fake.blocked = True
            again = source.fetch(ids)
            assert {answer.state for answer in again.values()} == {State.OK}
            assert len(fake.asked) == 4
            assert "no more requests" in source.notes[0]


def test_transcripts_that_are_stored_are_not_asked_for_again(player, api, catalogue, clock, youtube):
    from smf_embed.enrichment.transcripts import Transcripts, WithTranscripts

    fake, session = player
    said, silent = api.add("said0000000"), api.add("silent00000")
    fake.captions[said] = [("ru", "", "Сказано")]
    for _ in range(3):
        with closing(WithTranscripts(youtube(), Transcripts(["ru"], session))) as source:
            sync(catalogue, source, [A], recheck_days=1, clock=clock)
        clock.advance(days=1)
    assert api.asked() == {said: 3, silent: 3}
    # of a clip without one there may be one by now
    assert Counter(fake.asked) == {said: 1, silent: 3}
    assert catalogue.clips([said])[0]["subtitles"] == "Сказано"
