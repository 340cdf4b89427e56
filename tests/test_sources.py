"""Sources that are no API: folders of yt-dlp, databases, transcripts; and how fields become columns."""

from contextlib import closing

import pytest
from fake_youtube import KEY
from hypothesis import given
from hypothesis import strategies as st

from smf_embed.catalogue import Catalogue
from smf_embed.enrichment.channels import channel_name
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
