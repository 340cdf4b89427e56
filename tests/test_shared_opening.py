"""A shared catalogue is opened by an address: passwords stay secret, folders find their database, roles have rights."""

import os
import time

import pytest
from postgres_server import PASSWORD
from shared_helpers import add, table

from smf_embed.catalogue import Catalogue
from smf_embed.copying import copy_catalogue
from smf_embed.errors import CatalogueError, InputError
from smf_embed.exporting import export
from smf_embed.neighbours import similar
from smf_embed.shared_address import FILE_NAME, is_address, local_folder, without_password


@pytest.fixture
def catalogue(shared, encoded):
    with Catalogue(shared, create=True) as catalogue:
        yield catalogue


def test_no_catalogue_is_an_error_that_names_the_command_and_makes_none(shared, tmp_path):
    with pytest.raises(
        CatalogueError, match=r"holds no catalogue; make one: smf-embed add TABLE --catalogue postgresql:"
    ):
        Catalogue(shared)
    assert not (tmp_path / "local").exists()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://someuser:s3cretword@[::1/db",
        "postgresql://someuser:s3cretword@host:port/db",
        "postgresql://host",
        "mysql://someuser:s3cretword@host/db",
        " mysql+pymysql://someuser:s3cretword@host/db",
        "my_sql://someuser:s3cretword@host/db",
        # a password whose characters should have been escaped
        "postgresql://someuser:12/s3cretword@host/db",
        "postgresql://someuser:12?s3cretword@host/db",
        "postgresql://someuser:12/3?s3cretword@host/db",
        "postgresql://someuser:12/3#s3cretword@host/db",
        "postgresql://someuser:12@s3cretword@host/db",
    ],
)
def test_an_address_that_cannot_be_read_is_not_shown(address, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="postgresql://USER@HOST/DB") as error:
        Catalogue(address, create=True)
    assert "s3cret" not in str(error.value)
    code, out, err = run("info", "--catalogue", address)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "s3cret" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_password_is_told_of_and_never_shown(shared, run, tmp_path):
    for words in (("info",), ("add", tmp_path / "clips.csv")):
        table(0, 1).to_csv(tmp_path / "clips.csv", index=False)
        code, out, err = run(*words, "--catalogue", shared.replace(PASSWORD, "wr0ngword"))
        assert (code, out) == (2, "")
        assert "password authentication failed" in err
        assert "wr0ngword" not in err


def test_the_password_is_stored_nowhere(catalogue, shared):
    assert PASSWORD not in repr(catalogue) + catalogue.database.path
    for path in catalogue.folder.rglob("*"):
        assert PASSWORD.encode() not in path.read_bytes()
    assert (
        without_password("postgresql://a:b@h:1/d?password=c&sslmode=require") == "postgresql://a@h:1/d?sslmode=require"
    )


def test_the_local_folder_names_the_catalogue_and_no_other_one(
    catalogue, shared, postgres_server, monkeypatch, tmp_path
):
    add(catalogue, table(0, 2))
    from smf_embed import shared_address

    monkeypatch.setattr(shared_address, "_named", {})  # as in another process
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with Catalogue(catalogue.folder) as again:
        assert len(again) == 2
    with pytest.raises(CatalogueError, match="is the local folder of postgresql://someuser@/clips_"):
        Catalogue(f"{postgres_server.address()}&cache={catalogue.folder}")
    shared_address._named.clear()
    (catalogue.folder / FILE_NAME).write_text("{}")
    with pytest.raises(CatalogueError, match="cannot be read"):
        Catalogue(catalogue.folder)
    with Catalogue(tmp_path / "own", create=True):
        pass
    with pytest.raises(CatalogueError, match="holds a catalogue of its own"):
        Catalogue(f"{postgres_server.address()}&cache={tmp_path / 'own'}")


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("postgresql://me@db.example.org/clips", "index/db.example.org-clips"),
        ("postgres://me:secret@db.example.org:5433/clips?sslmode=verify-full", "index/db.example.org-5433-clips"),
        ("postgresql+psycopg://me:secret@db.example.org/clips", "index/db.example.org-clips"),
        ("PostgreSQL://me:secret@db.example.org/clips", "index/db.example.org-clips"),
        (" postgres+psycopg2://me:secret@db.example.org/clips\n", "index/db.example.org-clips"),
        ("postgresql:///clips", "index/localhost-clips"),
        ("postgresql:///clips?host=/var/run/postgresql", "index/var-run-postgresql-clips"),
        ("postgresql://h/clips?cache=elsewhere/here", "elsewhere/here"),
        ("postgresql://h/a%2F..%2Fb", "index/h-a-2F..-2Fb"),
        ("index", "index"),
        ("C:/index", "C:/index"),
        ("C://index", "C:/index"),
    ],
)
def test_each_database_has_its_folder(address, folder):
    assert local_folder(address).as_posix() == folder
    assert is_address(address) == (address.strip().lower().startswith("postgres"))


@pytest.mark.parametrize(("version", "words"), [("999", "update smf-embed"), ("3", "smf-embed copy postgresql:")])
def test_a_catalogue_of_another_format_is_an_error_that_says_what_to_do(catalogue, version, words):
    catalogue.database.sql.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (version,))
    with pytest.raises(CatalogueError, match=words):
        Catalogue(catalogue.folder)


def test_tables_of_other_programs_in_the_database_are_left_alone(postgres_server, shared, encoded):
    import psycopg

    with psycopg.connect(shared.partition("&cache")[0], autocommit=True) as other:
        other.execute("CREATE TABLE clips (theirs integer)")
        with Catalogue(shared, create=True) as catalogue:
            add(catalogue, table(0, 2))
        assert other.execute("SELECT count(*) FROM clips").fetchone() == (0,)
        assert other.execute("SELECT count(*) FROM smf_embed.clips").fetchone() == (2,)


def test_limits_of_time_that_an_administrator_has_set_end_no_command(catalogue, shared):
    import psycopg

    limits = ["statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"]
    with psycopg.connect(shared.partition("&cache")[0], autocommit=True) as other:
        if other.info.server_version >= 170_000:
            limits.append("transaction_timeout")
        for limit in limits:
            other.execute(f"ALTER DATABASE {other.info.dbname} SET {limit} = '200ms'")
    with Catalogue(shared) as again, again.reading():
        for limit in limits:
            assert again.database.sql.execute(f"SELECT current_setting('{limit}')").fetchone() == ("0",)
        again.database.sql.execute("SELECT pg_sleep(0.3)")
        time.sleep(0.3)
        assert again.counts()["clips"] == 0


def test_roles_may_be_given_what_they_need(catalogue, shared, postgres_server, tmp_path):
    """What docs/shared-catalogue.md grants."""
    import psycopg

    add(catalogue, table(0, 3))
    reader, writer = f"reader_{os.getpid()}", f"anna_{os.getpid()}"
    with psycopg.connect(shared.partition("&cache")[0], autocommit=True) as other:
        for name in (reader, writer):
            other.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'their0wn'")
        other.execute(f"GRANT USAGE ON SCHEMA smf_embed TO {reader}")
        other.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA smf_embed TO {reader}")
        other.execute(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA smf_embed TO {reader}")
        other.execute("CREATE ROLE team")
        for kind in ("TABLES", "SEQUENCES"):
            other.execute(f"GRANT ALL ON ALL {kind} IN SCHEMA smf_embed TO team")
        other.execute("GRANT USAGE ON SCHEMA smf_embed TO team")
        other.execute(f"GRANT team TO {writer}")
        other.execute(f"ALTER ROLE {writer} SET role team")
    try:
        as_reader = shared.replace(f"someuser:{PASSWORD}", f"{reader}:their0wn").replace("local", "reader")
        with Catalogue(as_reader) as read:
            assert similar(read, "id1", k=1)
            export(read, tmp_path / "x.parquet")
            with catalogue.writing("fit"):
                assert "smf-embed fit" in read.database.writer()
            with pytest.raises(CatalogueError, match="permission denied"):
                read.label(["id1"], "none")
        copy_catalogue(as_reader, tmp_path / "back")
        as_writer = shared.replace(f"someuser:{PASSWORD}", f"{writer}:their0wn").replace("local", "writer")
        with Catalogue(as_writer) as write:
            assert write.label(["id1"], "none") == ["id1"]
            assert add(write, table(3, 2)).added == 2
    finally:
        with psycopg.connect(shared.partition("&cache")[0], autocommit=True) as other:
            for name in (reader, writer, "team"):
                other.execute(f"DROP OWNED BY {name}")
                other.execute(f"DROP ROLE {name}")
