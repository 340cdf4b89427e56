"""How catalogues of older formats become those of this one: one numbered step a format, each in one transaction."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from smf_embed.errors import CatalogueError, InputError
from smf_embed.files import replace_atomically
from smf_embed.lexicon import Lexicon
from smf_embed.schema import CLIP_COLUMNS, LABEL_LOG, SCHEMA, SCHEMA_VERSION, WATCHED


def migrate(sql: sqlite3.Connection, path: Path, version: int) -> Path:
    """Bring an older catalogue to this format; return the copy of it that is kept.

    Parameters
    ----------
    sql : sqlite3.Connection
        Whoever calls is the only writer.
    path : Path
        The file.
    version : int
        Its format now.

    Raises
    ------
    CatalogueError
        When the file cannot be copied or written; it is as it was then.
    """
    backup = path.with_name(f"{path.stem}.format-{version}{path.suffix}")
    try:
        with replace_atomically(backup) as temporary, closing(sqlite3.connect(temporary)) as copy:
            sql.backup(copy)
        sql.execute("PRAGMA foreign_keys = OFF")  # SQLite's way of changing tables that others refer to
        for step in range(version + 1, SCHEMA_VERSION + 1):
            sql.execute("BEGIN IMMEDIATE")
            try:
                MIGRATIONS[step](sql, path)
                sql.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(step),))
                sql.execute("COMMIT")
            except BaseException:
                if sql.in_transaction:  # a full disk may have rolled it back already
                    sql.execute("ROLLBACK")
                raise
        sql.execute("PRAGMA foreign_keys = ON")
    except (OSError, sqlite3.Error, ValueError, KeyError, TypeError, InputError) as error:
        raise CatalogueError(f"{path}: cannot be brought to format {SCHEMA_VERSION}: {error}") from error
    return backup


def _to_2(sql: sqlite3.Connection, path: Path) -> None:
    """Checksums, vectors of several encoders, tokens of generations, and aliases in a table."""
    for (index,) in sql.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").fetchall():
        sql.execute(f"DROP INDEX {index}")
    old = ("meta", "generations", "vectors", "clips", "labels", "words", "boilerplate")
    sql.execute("PRAGMA legacy_alter_table = ON")  # else what refers to a table follows it to its new name
    for table in old:
        sql.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    sql.execute("PRAGMA legacy_alter_table = OFF")
    # to be spelled out here when one of these tables changes
    for statement in SCHEMA:
        if statement not in (*LABEL_LOG, *WATCHED):
            sql.execute(statement)
    clips = ", ".join("project" if name == "cartoon" else name for name in CLIP_COLUMNS) + ", row_digest, generation"
    sql.execute("INSERT INTO meta (key, value) SELECT key, value FROM old_meta")
    sql.execute("INSERT INTO meta (key, value) VALUES ('index_kind', 'Flat')")
    sql.create_function("new_token", 0, lambda: secrets.token_hex(8))
    sql.execute(
        "INSERT INTO generations (generation, at, command, token) "
        "SELECT generation, at, command, new_token() FROM old_generations"
    )
    sql.execute(
        "INSERT INTO vectors (vector_key, fingerprint, text_digest, vector) SELECT vector_key, "
        "(SELECT value FROM old_meta WHERE key = 'fingerprint'), text_digest, vector FROM old_vectors"
    )
    sql.execute(f"INSERT INTO clips ({clips}) SELECT {clips} FROM old_clips")
    labels = "label_key, clip_key, project, source, at, generation"
    sql.execute(f"INSERT INTO labels ({labels}) SELECT {labels} FROM old_labels")
    sql.execute("INSERT INTO words (word, texts) SELECT word, texts FROM old_words")
    rows = "channel, kind, digest, seen"
    sql.execute(f"INSERT INTO boilerplate ({rows}) SELECT {rows} FROM old_boilerplate")
    lexicon = path.with_name("lexicon.json")
    if lexicon.exists():
        for entry in Lexicon.from_json(json.loads(lexicon.read_text(encoding="utf-8"))):
            sql.execute(
                "INSERT INTO aliases (alias, channel, project, source) VALUES (?, ?, ?, ?)",
                (entry.key, entry.channel or "", entry.project, entry.source),
            )
    for table in reversed(old):
        sql.execute(f"DROP TABLE old_{table}")


def _to_3(sql: sqlite3.Connection, path: Path) -> None:
    """A log of labels, filled with what is known of those that clips have had by now."""
    for statement in LABEL_LOG:
        sql.execute(statement)
    sql.execute(
        "INSERT INTO label_log (yt_reel_id, project, was, source, at, generation) "
        "SELECT yt_reel_id, labels.project, lag(labels.project) OVER (PARTITION BY clip_key ORDER BY label_key), "
        "source, at, labels.generation FROM labels JOIN clips USING (clip_key) ORDER BY label_key"
    )


def _to_4(sql: sqlite3.Connection, path: Path) -> None:
    """What is known of clips and channels that are looked up."""
    for statement in WATCHED:
        sql.execute(statement)


#: Format → what makes it of the one before.
MIGRATIONS: dict[int, Callable[[sqlite3.Connection, Path], None]] = {2: _to_2, 3: _to_3, 4: _to_4}
