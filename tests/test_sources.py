"""Sources that are no API: folders of yt-dlp, databases, transcripts; and how fields become columns."""

import json
import os
import pwd
import shutil
import subprocess
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from fake_youtube import KEY, FakeYouTube
from hypothesis import given
from hypothesis import strategies as st

from smf_embed.catalogue import Catalogue
from smf_embed.enrichment.channels import channel_name
from smf_embed.enrichment.info_files import InfoFolder
from smf_embed.enrichment.opening import open_source
from smf_embed.enrichment.states import SourceError, State, UnreachableError
from smf_embed.enrichment.syncing import sync
from smf_embed.enrichment.youtube_fields import clip_answer, is_shorts, seconds_of
from smf_embed.errors import InputError

CHANNEL = "UC" + "a" * 22


# -------------------------------------------------------------------------------------------------------- fields


@given(st.integers(0, 400), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_durations_are_read_as_they_are_written(days, hours, minutes, seconds):
    text = f"P{f'{days}D' if days else ''}T{f'{hours}H' if hours else ''}{f'{minutes}M' if minutes else ''}{seconds}S"
    assert seconds_of(text) == (float(((days * 24 + hours) * 60 + minutes) * 60 + seconds) or None)


@pytest.mark.parametrize("text", [None, "", "P0D", "PT0S", "an hour", "PT-3S"])
def test_a_duration_that_tells_nothing_is_missing(text):
    assert seconds_of(text) is None


def test_a_short_is_upright_and_of_a_minute_at_most():
    assert is_shorts(59, 720, 1280) == is_shorts(60, 720, 1280) == 1
    assert is_shorts(59, 1280, 720) == is_shorts(61, 720, 1280) == is_shorts(61, None, None) == 0
    assert is_shorts(None, 720, 1280) is is_shorts(30, None, None) is None


def test_an_item_with_nothing_but_an_id_is_no_error():
    answer = clip_answer({"id": "abcdefghijk"})
    assert answer.state is State.OK
    assert answer.cells is not None
    assert answer.cells["reel_name"] is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (CHANNEL, CHANNEL),
        ("@handle", "@handle"),
        (f"https://www.youtube.com/channel/{CHANNEL}/videos", CHANNEL),
        ("youtube.com/@handle", "@handle"),
        ("https://www.youtube.com/user/old", "user/old"),
    ],
)
def test_channels_are_named_in_several_ways(text, name):
    assert channel_name(text) == name


def test_a_link_that_names_no_channel_to_the_api_says_what_to_do():
    with pytest.raises(InputError, match="take its @handle"):
        channel_name("https://www.youtube.com/c/Name")


@pytest.mark.parametrize("link", ["https://example.com/@handle", "https://example.com/channel/UC1", "//evil/user/old"])
def test_a_link_to_another_site_names_no_channel(link):
    with pytest.raises(InputError, match="no channel"):
        channel_name(link)


# ------------------------------------------------------------------------------------------------------- folders


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


# ----------------------------------------------------------------------------------------------------- databases


QUERY = """
-- columns of the table, a cast, a time and a share: what looks like parameters is none
SELECT id AS yt_reel_id, title AS reel_name, 60 AS seconds, channel AS yt_channel_id, '12:30 100%s' AS broadcast,
       CAST('2024-05-06' AS text) AS date, 'Буба' AS cartoon
FROM clips -- and a remark at the end
"""


@pytest.fixture
def sqlite_url(tmp_path):
    import sqlite3

    with closing(sqlite3.connect(tmp_path / "theirs.sqlite")) as sql:
        sql.execute("CREATE TABLE clips (id TEXT, title TEXT, channel TEXT)")
        sql.executemany("INSERT INTO clips VALUES (?, ?, ?)", ROWS)
        sql.commit()
    return f"sqlite:///{tmp_path / 'theirs.sqlite'}"


ROWS = [("abcdefghijk", "Clip's title", "UC1"), ("second00000", "Другой", "UC1"), ("third000000", None, "UC2")]


def check_database(url: str, query: str = QUERY) -> None:
    from smf_embed.enrichment.sql_source import SqlQuery

    with closing(SqlQuery(query, url)) as source:
        found = source.fetch(["abcdefghijk", "third000000", "nowhere'; --"])
        assert [answer.state for answer in found.values()] == [State.OK, State.OK, State.NOT_FOUND]
        assert found["abcdefghijk"].cells == {
            "yt_reel_id": "abcdefghijk",
            "reel_name": "Clip's title",
            "seconds": 60,
            "yt_channel_id": "UC1",
            "broadcast": "12:30 100%s",
            "date": "2024-05-06",
        }
        assert source.find_channels(["UC1", "UC9"])["UC1"].uploads == "UC1"
        assert source.find_channels(["UC9"])["UC9"].channel is None
        assert set(source.uploads("UC1", None).clips) == {"abcdefghijk", "second00000"}


def test_a_query_tells_the_columns_that_it_has(sqlite_url):
    pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'smf-embed[sql]'")
    check_database(sqlite_url)


def test_a_query_is_named_by_a_file_and_its_database_by_the_environment(sqlite_url, tmp_path, monkeypatch, encoded):
    pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'smf-embed[sql]'")
    (tmp_path / "clips.sql").write_text(QUERY, encoding="utf-8")
    with pytest.raises(SourceError, match="SMF_EMBED_DATABASE_URL"):
        open_source(str(tmp_path / "clips.sql"))
    monkeypatch.setenv("SMF_EMBED_DATABASE_URL", sqlite_url)
    with (
        closing(open_source(str(tmp_path / "clips.sql"))) as source,
        Catalogue(tmp_path / "index", create=True) as catalogue,
    ):
        report = sync(catalogue, source, ["UC1", "UC2"])
        assert report.states == {State.OK: 3}
        assert catalogue.clips(["abcdefghijk"])[0]["cartoon"] is None  # their labels are not ours


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT title AS reel_name FROM clips", "yt_reel_id"),
        ("SELECT id AS yt_reel_id FROM nowhere", "nowhere"),
        ("DELETE FROM clips RETURNING id AS yt_reel_id", "cannot be used"),
    ],
)
def test_a_query_that_cannot_be_used_says_so_and_writes_nothing(sqlite_url, query, reason):
    pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'smf-embed[sql]'")
    from smf_embed.enrichment.sql_source import SqlQuery

    with closing(SqlQuery(query, sqlite_url)) as source, pytest.raises(SourceError, match=reason):
        source.fetch(["abcdefghijk"])
    check_database(sqlite_url)


def test_user_and_password_are_in_no_error():
    pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'smf-embed[sql]'")
    from smf_embed.enrichment.sql_source import SqlQuery

    url = "postgresql://someuser:s3cretword@127.0.0.1:1/theirs"
    with closing(SqlQuery(QUERY, url)) as source, pytest.raises(UnreachableError) as raised:
        source.fetch(["abcdefghijk"])
    with pytest.raises(SourceError) as unreadable:
        SqlQuery(QUERY, "s3cretword, someuser")
    for error in (raised, unreadable):
        assert "s3cretword" not in str(error.value)
        assert "someuser" not in str(error.value)
        assert error.value.__suppress_context__


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory):
    """A PostgreSQL server on a socket in a folder, with Debian's programs; it goes with the tests."""
    pytest.importorskip("psycopg", reason="needs the extra: pip install 'smf-embed[sql]'")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb")
    if not programs and found is None:
        pytest.skip("needs the programs of PostgreSQL: apt-get install postgresql")
    binaries = programs[-1].parent if programs else Path(str(found)).parent
    user: dict[str, object] = {}
    folder = tmp_path_factory.mktemp("pg")
    if os.getuid() == 0:  # PostgreSQL does not run as root
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        # a folder that the other user may enter
        folder = Path(subprocess.check_output(["mktemp", "-d", "/tmp/smf-pg.XXXXXX"], text=True).strip())
        os.chown(folder, account.pw_uid, account.pw_gid)
    options = {"cwd": folder, "capture_output": True, "text": True, "timeout": 120} | user
    (folder / "password").write_text("s3cretword")
    os.chmod(folder / "password", 0o644)
    words = ["-U", "someuser", "-A", "scram-sha-256", "--pwfile", folder / "password", "--no-sync", "-E", "UTF8"]
    made = subprocess.run([binaries / "initdb", "-D", folder / "data", *words], **options)
    if made.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL cannot be set up here: {made.stderr[-200:]}")
    control = [binaries / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log"]
    settings = f"-c listen_addresses= -c fsync=off -k {folder}"
    try:
        started = subprocess.run([*control, "-o", settings, "start"], **options | {"capture_output": False})
        if started.returncode:
            pytest.skip(f"PostgreSQL cannot be started here: {(folder / 'log').read_text()[-200:]}")
        yield f"postgresql://someuser:s3cretword@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **options)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_real_postgresql_answers_and_is_never_written(postgresql):
    import psycopg

    from smf_embed.enrichment.sql_source import SqlQuery

    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE TABLE clips (id char(11), title text, channel text)")
        connection.cursor().executemany("INSERT INTO clips VALUES (%s, %s, %s)", ROWS)
        connection.execute("CREATE SEQUENCE counted")
    check_database(postgresql, QUERY.replace("CAST('2024-05-06' AS text)", "'2024-05-06'::text"))
    check_database(postgresql.replace("postgresql:", "postgres:"))
    writing = "SELECT nextval('counted')::text AS yt_reel_id"
    with closing(SqlQuery(writing, postgresql)) as source, pytest.raises(SourceError, match="read-only"):
        source.fetch(["1"])
    with (
        closing(SqlQuery(QUERY, postgresql.replace("s3cret", "wrong"))) as source,
        pytest.raises(UnreachableError) as raised,
    ):
        source.fetch(["1"])
    assert "someuser" not in str(raised.value)
    assert "wrongword" not in str(raised.value)


# --------------------------------------------------------------------------------------------------- transcripts


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
    transcripts = Transcripts(["ru", "en"], session)
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


# --------------------------------------------------------------------------------------------------------- extras


@pytest.mark.parametrize(
    ("module", "extra", "name"),
    [
        ("sqlalchemy", "sql", "x.sql"),
        ("youtube_transcript_api", "youtube", "youtube"),
        ("tenacity", "youtube", "youtube"),
    ],
)
def test_a_missing_extra_says_how_to_install_it(monkeypatch, tmp_path, module, extra, name):
    import sys

    (tmp_path / "x.sql").write_text("SELECT 1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMF_EMBED_DATABASE_URL", "sqlite://")
    monkeypatch.setenv("YOUTUBE_API_KEY", KEY)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"pip install 'smf-embed\[{extra}\]'"):
        open_source(name, ["ru"])
