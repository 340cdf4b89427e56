"""What was learned from clips, read from and written to the tables of a catalogue."""

from __future__ import annotations

import sqlite3

from smf_embed.boilerplate import Boilerplate
from smf_embed.lexicon import Entry, Lexicon
from smf_embed.preparation import Preparation
from smf_embed.typos import WordCounts


def read_preparation(sql: sqlite3.Connection, lexicon: Lexicon) -> Preparation:
    """Read words and boilerplate; all that was learned so far."""
    words = WordCounts.from_rows(sql.execute("SELECT word, texts FROM words"))
    rows = sql.execute("SELECT channel, kind, digest, seen FROM boilerplate")
    projects = [row[0] for row in sql.execute("SELECT DISTINCT project FROM clips WHERE project IS NOT NULL")]
    return Preparation(words, Boilerplate.from_rows(rows, track_changes=True), lexicon, projects)


def write_learned(sql: sqlite3.Connection, words: WordCounts, boilerplate: Boilerplate) -> None:
    """Add the counts of new titles, and write the changed counts of boilerplate, within an open transaction."""
    sql.executemany(
        "INSERT INTO words (word, texts) VALUES (?, ?) ON CONFLICT (word) DO UPDATE SET texts = texts + excluded.texts",
        words.to_rows(),
    )
    for channel, kind, digest, seen in boilerplate.take_changes():
        if seen:
            sql.execute(
                "INSERT OR REPLACE INTO boilerplate (channel, kind, digest, seen) VALUES (?, ?, ?, ?)",
                (channel, kind, digest, seen),
            )
        else:
            sql.execute(
                "DELETE FROM boilerplate WHERE channel = ? AND kind = ? AND digest = ?", (channel, kind, digest)
            )


def read_lexicon(sql: sqlite3.Connection) -> Lexicon:
    """Read the names and aliases that people gave."""
    rows = sql.execute("SELECT alias, project, channel, source FROM aliases")
    return Lexicon(Entry(alias, project, channel or None, source) for alias, project, channel, source in rows)


def write_lexicon(sql: sqlite3.Connection, lexicon: Lexicon) -> None:
    """Replace the names and aliases, within an open transaction."""
    sql.execute("DELETE FROM aliases")
    sql.executemany(
        "INSERT INTO aliases (alias, project, channel, source) VALUES (?, ?, ?, ?)",
        [(entry.key, entry.project, entry.channel or "", entry.source) for entry in lexicon],
    )
