"""The tables of a catalogue, in SQL."""

from __future__ import annotations

from smf_embed.clips import CLIP_FIELDS, ID, LABEL, NUMBER_COLUMNS
from smf_embed.preparation import TEXT_FIELDS

SCHEMA_VERSION = 1

#: Columns of the table `clips` that come from the user's table, and those that clips are read back with.
STORED = tuple(name for name in CLIP_FIELDS if name != LABEL)
PREPARED = (
    *(f"{name}_text" for name in TEXT_FIELDS),
    *(f"{name}_vector" for name in TEXT_FIELDS),
    "corrections",
)
CLIP_COLUMNS = (*STORED, LABEL, "clip_key", *PREPARED)

SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

-- one row a transaction that changed something; clips and labels name the generation they were written in
CREATE TABLE generations (
    generation INTEGER PRIMARY KEY, at TEXT NOT NULL, command TEXT NOT NULL
) STRICT;

CREATE TABLE vectors (
    vector_key INTEGER PRIMARY KEY AUTOINCREMENT,
    text_digest BLOB NOT NULL UNIQUE,
    vector BLOB NOT NULL
) STRICT;

CREATE TABLE clips (
    clip_key INTEGER PRIMARY KEY AUTOINCREMENT,
    {", ".join(f"{name} {'REAL' if name in NUMBER_COLUMNS else 'TEXT'}" for name in STORED)},
    project TEXT,  -- the newest label, kept here too since every search and fit asks for it
    row_digest BLOB NOT NULL,
    -- the texts as they were encoded, NULL where missing
    {", ".join(f"{name}_text TEXT" for name in TEXT_FIELDS)},
    {", ".join(f"{name}_vector INTEGER REFERENCES vectors" for name in TEXT_FIELDS)},
    corrections TEXT,  -- JSON list of [start, before, after, reason], NULL where the title was not changed
    generation INTEGER NOT NULL REFERENCES generations
) STRICT;
CREATE UNIQUE INDEX clips_by_id ON clips ({ID});
CREATE INDEX clips_by_project ON clips (project);
CREATE INDEX clips_by_generation ON clips (generation);
{"".join(f"CREATE INDEX clips_by_{name}_vector ON clips ({name}_vector);" for name in TEXT_FIELDS)}

-- every label that was ever given; the one with the highest key holds, and NULL takes a label away
CREATE TABLE labels (
    label_key INTEGER PRIMARY KEY AUTOINCREMENT,
    clip_key INTEGER NOT NULL REFERENCES clips ON DELETE CASCADE,
    project TEXT,
    source TEXT NOT NULL,  -- table, person or model
    at TEXT NOT NULL,
    generation INTEGER NOT NULL REFERENCES generations
) STRICT;
CREATE INDEX labels_by_clip ON labels (clip_key);

-- learned from titles: in how many a word stands, or two neighbouring words with a space between
CREATE TABLE words (word TEXT PRIMARY KEY, texts INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- learned from descriptions: how often a segment stands on a channel, see smf_embed.boilerplate.BoilerplateRow
CREATE TABLE boilerplate (
    channel TEXT NOT NULL, kind INTEGER NOT NULL, digest INTEGER NOT NULL, seen INTEGER NOT NULL,
    PRIMARY KEY (channel, kind, digest)
) STRICT, WITHOUT ROWID;
"""
