"""The tables of a catalogue, in SQL.

Each row carries a checksum of its other columns, worked out by SQLite on every write: SQLite itself notices a damaged
page only where the structure breaks, not where a byte of a text or a vector has changed.
"""

from __future__ import annotations

import sqlite3
import zlib
from typing import Any

from smf_embed.clips import CLIP_FIELDS, ID, LABEL, NUMBER_COLUMNS, TEXT_FIELDS

SCHEMA_VERSION = 4

#: Columns of the table `clips` that come from the user's table, and those that clips are read back with.
STORED = tuple(name for name in CLIP_FIELDS if name != LABEL)
PREPARED = (
    *(f"{name}_text" for name in TEXT_FIELDS),
    *(f"{name}_vector" for name in TEXT_FIELDS),
    "corrections",
)
CLIP_COLUMNS = (*STORED, LABEL, "clip_key", *PREPARED)

#: Table → the columns that its checksum covers, which are all that it has.
CHECKED = {
    "meta": ("key", "value"),
    "generations": ("generation", "at", "command", "token"),
    "vectors": ("vector_key", "fingerprint", "text_digest", "vector"),
    "clips": (*("project" if name == LABEL else name for name in CLIP_COLUMNS), "row_digest", "generation"),
    "labels": ("label_key", "clip_key", "project", "source", "at", "generation"),
    "words": ("word", "texts"),
    "boilerplate": ("channel", "kind", "digest", "seen"),
    "aliases": ("alias", "project", "channel", "source"),
    "label_log": ("log_key", ID, "project", "was", "source", "person", "at", "generation", "undoes"),
    "watched_clips": (ID, "channel", "listing", "state", "reason", "tries", "checked", "next_try", "told"),
    "watched_channels": ("given", "channel", "uploads", "listing", "page", "reason", "tries", "checked", "next_try"),
    "quota": ("source", "day", "units"),
}

#: Table → its key, of those whose keys are numbers that are never used again.
KEYS = {"vectors": "vector_key", "clips": "clip_key", "labels": "label_key", "label_log": "log_key"}


def check_of_row(*values: Any) -> int:
    """Return the CRC-32 of a row's values; the SQL function of the same name."""
    pieces = []
    for value in values:
        if isinstance(value, str):
            pieces.append(value.encode("utf-8", "surrogatepass"))
        elif isinstance(value, bytes):
            pieces.append(value)
        elif value is None:
            pieces.append(b"\x00")
        else:
            # a number of a REAL column is the same whether SQLite hands it over as 60 or as 60.0
            whole = isinstance(value, int) or value.is_integer()
            pieces.append(repr(int(value) if whole else value).encode())
    return zlib.crc32(b"\x1f".join(pieces))


def prepare_connection(sql: sqlite3.Connection) -> None:
    """Give a connection what the tables need; before that nothing can be written through it."""
    sql.create_function("check_of_row", -1, check_of_row, deterministic=True)
    sql.execute("PRAGMA foreign_keys = ON")
    sql.execute("PRAGMA cell_size_check = ON")
    # a transaction that was reported as done outlives a power cut
    sql.execute("PRAGMA synchronous = FULL")


def _check(table: str) -> str:
    columns = ", ".join(CHECKED[table])
    return f"row_check INTEGER NOT NULL GENERATED ALWAYS AS (check_of_row({columns})) STORED"


#: Who gave which label when; unlike `labels`, it outlives the clips. New in format 3.
LABEL_LOG = (
    f"""CREATE TABLE label_log (
        log_key INTEGER PRIMARY KEY AUTOINCREMENT,
        {ID} TEXT NOT NULL,
        project TEXT,  -- NULL where the label was taken away
        was TEXT,  -- the label before
        source TEXT NOT NULL,  -- table, person or model
        person TEXT,  -- the name of whoever did it, where that is known
        at TEXT NOT NULL,
        generation INTEGER NOT NULL REFERENCES generations,
        undoes INTEGER,  -- the generation whose label was taken back by this
        {_check("label_log")}
    ) STRICT""",
    "CREATE INDEX label_log_by_person ON label_log (person, generation) WHERE person IS NOT NULL",
    f"CREATE INDEX label_log_by_clip ON label_log ({ID})",
)

#: What is known of clips and channels that are looked up: see smf_embed.enrichment.watched. New in format 4.
WATCHED = (
    f"""CREATE TABLE watched_clips (
        {ID} TEXT PRIMARY KEY,
        channel TEXT,  -- NULL where its id was asked for, and no channel listed it
        listing INTEGER,  -- which listing of its channel showed it first
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        tries INTEGER NOT NULL,  -- how often it was asked for in this state
        checked TEXT,  -- when it was asked for last, NULL where it never was
        next_try TEXT,  -- NULL where it is not asked for again
        told INTEGER NOT NULL,  -- 0 while no sync has written its decision since it changed
        {_check("watched_clips")}
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX watched_clips_due ON watched_clips (next_try) WHERE next_try IS NOT NULL",
    f"""CREATE TABLE watched_channels (
        given TEXT PRIMARY KEY,  -- an id, @handle or user/NAME
        channel TEXT,
        uploads TEXT,  -- what the source lists its clips by, NULL where there is no such list
        listing INTEGER NOT NULL,
        page TEXT,  -- where the listing goes on, NULL where it begins
        reason TEXT NOT NULL,  -- why it cannot be listed, empty where it can
        tries INTEGER NOT NULL,
        checked TEXT NOT NULL,
        next_try TEXT,
        {_check("watched_channels")}
    ) STRICT, WITHOUT ROWID""",
    f"""CREATE TABLE quota (
        source TEXT PRIMARY KEY, day TEXT NOT NULL, units INTEGER NOT NULL, {_check("quota")}
    ) STRICT, WITHOUT ROWID""",
)

#: The statements that make the tables of an empty catalogue.
SCHEMA = (
    f"CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, {_check('meta')}) STRICT",
    # one row a transaction that changed something; clips and labels name the generation they were written in. The
    # token tells it from the same generation of a copy of the file that went another way
    f"""CREATE TABLE generations (
        generation INTEGER PRIMARY KEY, at TEXT NOT NULL, command TEXT NOT NULL, token TEXT NOT NULL,
        {_check("generations")}
    ) STRICT""",
    # one for each distinct text and encoder; keys are never used again
    f"""CREATE TABLE vectors (
        vector_key INTEGER PRIMARY KEY AUTOINCREMENT,
        fingerprint TEXT NOT NULL,
        text_digest BLOB NOT NULL,
        vector BLOB NOT NULL,
        {_check("vectors")},
        UNIQUE (fingerprint, text_digest)
    ) STRICT""",
    f"""CREATE TABLE clips (
        clip_key INTEGER PRIMARY KEY AUTOINCREMENT,
        {", ".join(f"{name} {'REAL' if name in NUMBER_COLUMNS else 'TEXT'}" for name in STORED)},
        project TEXT,  -- the newest label, kept here too since every search and fit asks for it
        row_digest BLOB NOT NULL,
        -- the texts as they were encoded, NULL where missing
        {", ".join(f"{name}_text TEXT" for name in TEXT_FIELDS)},
        {", ".join(f"{name}_vector INTEGER REFERENCES vectors" for name in TEXT_FIELDS)},
        corrections TEXT,  -- JSON list of [start, before, after, reason], NULL where the title was not changed
        generation INTEGER NOT NULL REFERENCES generations,
        {_check("clips")}
    ) STRICT""",
    f"CREATE UNIQUE INDEX clips_by_id ON clips ({ID})",
    "CREATE INDEX clips_by_project ON clips (project)",
    "CREATE INDEX clips_by_generation ON clips (generation)",
    *(f"CREATE INDEX clips_by_{name}_vector ON clips ({name}_vector)" for name in TEXT_FIELDS),
    # every label that was ever given; the one with the highest key holds, and NULL takes a label away
    f"""CREATE TABLE labels (
        label_key INTEGER PRIMARY KEY AUTOINCREMENT,
        clip_key INTEGER NOT NULL REFERENCES clips ON DELETE CASCADE,
        project TEXT,
        source TEXT NOT NULL,  -- table, person or model
        at TEXT NOT NULL,
        generation INTEGER NOT NULL REFERENCES generations,
        {_check("labels")}
    ) STRICT""",
    "CREATE INDEX labels_by_clip ON labels (clip_key)",
    # learned from titles: in how many a word stands, or two neighbouring words with a space between
    f"""CREATE TABLE words (
        word TEXT PRIMARY KEY, texts INTEGER NOT NULL, {_check("words")}
    ) STRICT, WITHOUT ROWID""",
    # for the few questions that are not about one word: see smf_embed.learned.StoredWords
    "CREATE INDEX words_repeated ON words (word, texts) WHERE texts > 1 AND instr(word, ' ') = 0",
    "CREATE INDEX words_often ON words (texts DESC) WHERE texts >= 5 AND instr(word, ' ') = 0",
    # learned from descriptions: how often a segment stands on a channel, see smf_embed.boilerplate.BoilerplateRow
    f"""CREATE TABLE boilerplate (
        channel TEXT NOT NULL, kind INTEGER NOT NULL, digest INTEGER NOT NULL, seen INTEGER NOT NULL,
        {_check("boilerplate")},
        PRIMARY KEY (channel, kind, digest)
    ) STRICT, WITHOUT ROWID""",
    # names and aliases that people gave: see smf_embed.lexicon.Entry; channel is empty where the alias holds on all
    f"""CREATE TABLE aliases (
        alias TEXT NOT NULL, channel TEXT NOT NULL, project TEXT NOT NULL, source TEXT NOT NULL,
        {_check("aliases")},
        PRIMARY KEY (alias, channel)
    ) STRICT, WITHOUT ROWID""",
    *LABEL_LOG,
    *WATCHED,
)
