"""What was learned from clips, in the tables of a catalogue: read by key as it is asked for, since it grows with them.

A million titles give millions of words and pairs, of which an `add` of a thousand clips asks for some thousands.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Collection, Iterable, Iterator

from smf_embed.boilerplate import DESCRIPTION, SEGMENT, TOTAL, Boilerplate, BoilerplateRow, _Channel
from smf_embed.checked_sql import Sql
from smf_embed.lexicon import Entry, Lexicon
from smf_embed.preparation import Preparation
from smf_embed.typos import OFTEN, WordCounts
from smf_embed.vector_store import rows_in

_LAST_CHARACTER = "\U0010ffff"
# characters of a word or a pair that is worth keeping; far longer ones find no room in an index of PostgreSQL
_LONGEST = 600
# as the partial indexes of the table say it
_ALONE = "instr(word, ' ') = 0"
# each name is found from the one before it in the index; DISTINCT would read the labels of all clips
_PROJECTS = """
    WITH RECURSIVE names (name) AS (
        SELECT min(project) FROM clips
        UNION ALL SELECT (SELECT min(project) FROM clips WHERE project > name) FROM names WHERE name IS NOT NULL
    ) SELECT name FROM names WHERE name IS NOT NULL
"""


class StoredWords(WordCounts):
    """The counts of the table `words`, and of words that were learned since.

    In memory are those that were learned, with what the table had of them; the table knows the rest. It does not change
    for them but by what is learned here.

    Parameters
    ----------
    sql : Sql
    """

    def __init__(self, sql: Sql) -> None:
        super().__init__()
        self._sql = sql
        self._expected: dict[str, int] = {}
        # one by one, look-ups cost next to nothing in a file, and much on a server
        self.asks_ahead = not isinstance(sql, sqlite3.Connection)

    def expect(self, titles: Iterable[str]) -> None:
        """Read the counts that cleaned titles will be asked about next; others are read when they are asked for."""
        asked = WordCounts()
        asked.update(titles)
        keys = [key for key in (*asked.counts, *asked.pairs) if key not in self.counts and key not in self.pairs]
        self._expected = dict.fromkeys(keys, 0)
        self._expected.update(rows_in(self._sql, "SELECT word, texts FROM words WHERE word", keys))

    def update(self, texts: Iterable[str]) -> None:
        more = WordCounts()
        more.update(texts)
        self.add(more)

    def count(self, token: str) -> int:
        known = self.counts.get(token)
        return self._stored(token) if known is None else known

    def count_pair(self, pair: str) -> int:
        known = self.pairs.get(pair)
        return self._stored(pair) if known is None else known

    def repeated(self, starts: Collection[str]) -> Iterator[str]:
        statement = f"SELECT word FROM words WHERE word >= ? AND word < ? AND texts > 1 AND {_ALONE}"
        for start in starts:
            for (word,) in self._sql.execute(statement, (start, start + _LAST_CHARACTER)):
                if word not in self.counts:
                    yield word
        yield from super().repeated(starts)

    def often(self) -> Iterator[tuple[str, int]]:
        stored = self._sql.execute(
            f"SELECT word, texts FROM words WHERE texts >= {OFTEN} AND {_ALONE} ORDER BY texts DESC, word"
        )
        others = (row for row in stored if row[0] not in self.counts)
        return heapq.merge(others, super().often(), key=lambda pair: (-pair[1], pair[0]))

    def add(self, other: WordCounts) -> None:
        for known, more in ((self.counts, other.counts), (self.pairs, other.pairs)):
            new = [key for key in more if key not in known]
            known.update(rows_in(self._sql, "SELECT word, texts FROM words WHERE word", new))
        super().add(other)

    def to_rows(self) -> Iterator[tuple[str, int]]:
        whole = WordCounts.from_rows(self._sql.execute("SELECT word, texts FROM words"))
        whole.counts.update(self.counts)
        whole.pairs.update(self.pairs)
        yield from whole.to_rows()

    def _stored(self, key: str) -> int:
        if key in self._expected:
            return self._expected[key]
        row = self._sql.execute("SELECT texts FROM words WHERE word = ?", (key,)).fetchone()
        count = 0 if row is None else row[0]
        if self.asks_ahead:
            self._expected[key] = count
        return count


class StoredBoilerplate(Boilerplate):
    """The counts of the table `boilerplate`, and what was learned since; in memory are those that were asked for.

    Parameters
    ----------
    sql : Sql
    """

    def __init__(self, sql: Sql) -> None:
        super().__init__(track_changes=True)
        self._sql = sql
        self._rows = int(sql.execute("SELECT count(*) FROM boilerplate").fetchone()[0])
        self._whole = not self._rows
        # in a file, those that are asked for are read alone; of a server, all of their channel at once
        self._by_channel = not isinstance(sql, sqlite3.Connection)
        self._read: set[str] = set()
        if self._rows > self.max_rows:
            self._forget()

    def boilerplate_of(self, channel: str) -> frozenset[int]:
        self._fetch_all()
        return super().boilerplate_of(channel)

    def to_rows(self) -> Iterator[BoilerplateRow]:
        self._fetch_all()
        yield from super().to_rows()

    def _forget(self) -> None:
        self._fetch_all()
        super()._forget()

    def _fetch(self, channel: str, descriptions: Collection[int], segments: Collection[int]) -> None:
        if self._whole or not channel:
            return
        if self._by_channel:
            if channel not in self._read:
                self._read.add(channel)
                statement = "SELECT channel, kind, digest, seen FROM boilerplate WHERE channel = ?"
                self._take(self._sql.execute(statement, (channel,)))
            return
        known = self._channels.get(channel)
        new_descriptions = [key for key in descriptions if known is None or key not in known.descriptions]
        new_segments = [key for key in segments if known is None or key not in known.segments]
        new_total = known is None or not known.total
        for kind, keys in ((TOTAL, [0] * new_total), (DESCRIPTION, new_descriptions), (SEGMENT, new_segments)):
            statement = "SELECT channel, kind, digest, seen FROM boilerplate WHERE channel = ? AND kind = ? AND digest"
            self._take(rows_in(self._sql, statement, keys, [channel, kind]))

    def _fetch_all(self) -> None:
        if not self._whole:
            self._take(self._sql.execute("SELECT channel, kind, digest, seen FROM boilerplate"))
            self._whole = True

    def _take(self, rows: Iterable[tuple[str, int, int, int]]) -> None:
        """Take counts of the table into memory, where there are none yet."""
        for channel, kind, digest, seen in rows:
            known = self._channels.setdefault(channel, _Channel())
            if kind == TOTAL:
                known.total = known.total or seen
            elif kind == DESCRIPTION:
                known.descriptions.setdefault(digest)
            else:
                known.segments.setdefault(digest, seen)


def read_preparation(sql: Sql, lexicon: Lexicon) -> Preparation:
    """Return all that was learned so far; it is read while `sql` is open, as it is asked for."""
    return Preparation(StoredWords(sql), StoredBoilerplate(sql), lexicon, read_projects(sql))


def read_projects(sql: Sql) -> list[str]:
    """Read the names of the projects that clips are labelled with, `none` among them."""
    return [name for (name,) in sql.execute(_PROJECTS)]


def write_learned(sql: Sql, words: WordCounts, boilerplate: Boilerplate) -> None:
    """Add the counts of new titles, and write the changed counts of boilerplate, within an open transaction."""
    sql.executemany(
        "INSERT INTO words (word, texts) VALUES (?, ?) "
        "ON CONFLICT (word) DO UPDATE SET texts = words.texts + excluded.texts",
        (row for row in words.to_rows() if len(row[0]) <= _LONGEST),
    )
    changes = boilerplate.take_changes()
    sql.executemany(
        "INSERT INTO boilerplate (channel, kind, digest, seen) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (channel, kind, digest) DO UPDATE SET seen = excluded.seen",
        [row for row in changes if row.seen],
    )
    sql.executemany(
        "DELETE FROM boilerplate WHERE channel = ? AND kind = ? AND digest = ?",
        [(row.channel, row.kind, row.digest) for row in changes if not row.seen],
    )


def read_lexicon(sql: Sql) -> Lexicon:
    """Read the names and aliases that people gave."""
    rows = sql.execute("SELECT alias, project, channel, source FROM aliases")
    return Lexicon(Entry(alias, project, channel or None, source) for alias, project, channel, source in rows)


def write_lexicon(sql: Sql, lexicon: Lexicon) -> None:
    """Replace the names and aliases, within an open transaction."""
    sql.execute("DELETE FROM aliases")
    sql.executemany(
        "INSERT INTO aliases (alias, project, channel, source) VALUES (?, ?, ?, ?)",
        [(entry.key, entry.project, entry.channel or "", entry.source) for entry in lexicon],
    )
