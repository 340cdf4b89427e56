"""Names and aliases of projects: from the labels, from a rule table, from people, and mined from labelled clips."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from smf_embed.clips import NONE, RejectedRow
from smf_embed.errors import InputError
from smf_embed.text import clean

FORMAT_VERSION = 1
ANY_CHANNEL = "any"
MAX_KEY = 200

#: Where an entry comes from, the weightiest first: of two entries with one key on one channel, the first stays.
SOURCES = ("person", "table", "label", "mined")

# Chinese characters, kana, Thai, Lao, Burmese and Khmer are written without spaces
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
# a word is letters with the marks on them: vowel signs of Indic scripts and Thai are no \w
WORD = re.compile(r"(?:[^\W_][\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e31-\u0e4e]*)+")
_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]")
_SEPARATORS = re.compile(r"\s[/|]\s|\|")
_RANGES = {"latin": "a-zà-öø-ɏ", "cyrillic": "\u0400-\u052f", "unspaced": UNSPACED, "hangul": "\uac00-\ud7af"}
_LETTERS = {name: re.compile(f"[{letters}]") for name, letters in _RANGES.items()}


def tokenize(text: str) -> list[str]:
    """Return the words and numbers of a text, in order.

    Examples
    --------
    >>> tokenize("кошечки-собачки 2: the end")
    ['кошечки', 'собачки', '2', 'the', 'end']
    """
    return WORD.findall(text)


def is_unspaced(text: str) -> bool:
    """Tell whether a text has characters of a script that puts no spaces between words."""
    return _LETTERS["unspaced"].search(text) is not None


def lexicon_key(text: str) -> str:
    """Return the alias as entries hold it and as titles are searched for it: cleaned, lower-case, with е for ё."""
    return " ".join(clean(text.replace("_", " ")).replace("ё", "е").split())


def project_identity(project: str) -> str:
    """Return what two spellings of one project's name share: no case, no punctuation, nothing in brackets.

    Examples
    --------
    >>> project_identity("Жила-была Царевна (Теремок ТВ)") == project_identity("ЖилаБыла Царевна")
    True
    """
    outside = _BRACKETS.sub(" ", project)
    return "".join(tokenize(lexicon_key(outside))) or "".join(tokenize(lexicon_key(project))) or project.strip()


def names_in_label(project: str) -> list[str]:
    """Return the keys that a project's own name gives.

    What stands in brackets is a name of its own when its script is another than that of the rest, else it is a note
    (the studio, the season).

    Examples
    --------
    >>> names_in_label("Enchantimals (Эншантималс)"), names_in_label("Ёлки_палки (Союз ТВ)")
    (['enchantimals', 'эншантималс'], ['елки палки'])
    """
    outside = _BRACKETS.sub(" ", project)
    parts = _SEPARATORS.split(outside)
    scripts = _scripts(lexicon_key(outside))
    parts += [inside for inside in _BRACKETS.findall(project) if not _scripts(lexicon_key(inside)) & scripts]
    keys = dict.fromkeys(lexicon_key(part).strip(" -–—:;,.!?") for part in parts)
    return [key for key in keys if not _reason_to_reject(key)]


def _scripts(text: str) -> set[str]:
    return {name for name, letters in _LETTERS.items() if letters.search(text)}


def _reason_to_reject(key: str) -> str:
    if not key:
        return "the key is empty"
    if len(key) > MAX_KEY:
        return f"the key has {len(key):,} characters; at most {MAX_KEY} are taken"
    words = tokenize(key)
    if not words:
        return f"the key {key!r} has no letter and no digit"
    if sum(map(len, words)) < 2 and not is_unspaced(key):
        return f"the key {key!r} is a single letter; it would be found everywhere"
    return ""


@dataclass(frozen=True, order=True)
class Entry:
    """An alias of a project.

    Attributes
    ----------
    key : str
        The alias, as `lexicon_key` makes it.
    project : str
        Any project's name, also of one that is not tracked.
    channel : str or None
        Name or id of the one channel on which the alias holds; None for all.
    source : str
        `label`, `table`, `person` or `mined`; see `SOURCES`. Keys of a table may be stems: `смешарик`.
    """

    key: str
    project: str
    channel: str | None = None
    source: str = "person"


@dataclass
class ImportReport:
    """What became of the rows of a rule table: how many are new, how many were known, which are bad and why."""

    added: int = 0
    unchanged: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)


class Lexicon:
    """Aliases of projects. On one channel (or on all) a key names one project.

    Parameters
    ----------
    entries : iterable of Entry
        See `add`.

    Examples
    --------
    >>> lexicon = Lexicon.from_labels(["Ну_погоди каникулы", "none"])
    >>> lexicon.add("каникулы волка", "Ну_погоди каникулы").key
    'каникулы волка'
    >>> [entry.key for entry in lexicon.entries], "волка" in lexicon.tokens()
    (['каникулы волка', 'ну погоди каникулы'], True)
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            self.add(entry.key, entry.project, channel=entry.channel, source=entry.source)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __repr__(self) -> str:
        return f"<Lexicon of {len(self)} aliases of {len({entry.project for entry in self})} projects>"

    @property
    def entries(self) -> list[Entry]:
        """All entries, sorted by key, project and channel."""
        return [self._entries[place] for place in sorted(self._entries)]

    def add(self, key: str, project: str, *, channel: str | None = None, source: str = "person") -> Entry:
        """Add an alias, or keep the one that is there.

        Returns
        -------
        Entry
            The entry that holds for this key and channel now: the new one, or that of a weightier source.

        Raises
        ------
        InputError
            A key without letters, an unknown source, `none` as the project, or a key that names another project
            on the same channel by an entry of the same source.
        """
        return self._put(key, project, channel, source)[0]

    def _put(self, key: str, project: str, channel: str | None, source: str) -> tuple[Entry, bool]:
        """Do as `add` does, and tell whether anything has changed."""
        cleaned = lexicon_key(key)
        project = " ".join(project.split())
        channel = channel.strip() if channel else None
        if channel is not None and channel.casefold() in ("", ANY_CHANNEL):
            channel = None
        reason = _reason_to_reject(cleaned)
        if reason:
            raise InputError(reason)
        if not project or project.casefold() == NONE:
            raise InputError(f"the key {cleaned!r} names no project; {NONE!r} and nothing at all cannot have aliases")
        if source not in SOURCES:
            raise InputError(f"{source!r} is no source of an alias; those are {', '.join(SOURCES)}")
        place = (cleaned, (channel or "").casefold())
        there = self._entries.get(place)
        if there is not None:
            weight, weight_there = SOURCES.index(source), SOURCES.index(there.source)
            if there.project == project:
                if weight_there <= weight:
                    return there, False
            elif weight_there < weight:
                return there, False
            elif weight_there == weight:
                where = f" on the channel {channel}" if channel else ""
                raise InputError(f"the key {cleaned!r} already names {there.project!r}{where}")
        self._entries[place] = Entry(cleaned, project, channel, source)
        return self._entries[place], True

    def remove(self, key: str, *, channel: str | None = None) -> Entry:
        """Remove the alias that holds on all channels, or on the given one, and return it.

        Raises
        ------
        InputError
            There is no such alias.
        """
        cleaned = lexicon_key(key)
        bound = channel.strip().casefold() if channel else ""
        entry = self._entries.pop((cleaned, "" if bound == ANY_CHANNEL else bound), None)
        if entry is None:
            where = f" on the channel {channel}" if channel else ""
            raise InputError(f"the lexicon has no key {cleaned!r}{where}; list all: smf-embed lexicon list")
        return entry

    def tokens(self) -> frozenset[str]:
        """Return all words of all keys; a correction of typos must leave them alone."""
        return frozenset(token for entry in self._entries.values() for token in tokenize(entry.key))

    @classmethod
    def from_labels(cls, projects: Iterable[str]) -> Lexicon:
        """Make a lexicon of the projects' own names; see `names_in_label`.

        A name that stands in the labels of two projects is left out, unless it is all of one of them.
        """
        labels = sorted({" ".join(project.split()) for project in projects if project.strip().casefold() != NONE})
        claims: dict[str, list[str]] = {}
        for project in labels:
            for key in names_in_label(project):
                claims.setdefault(key, []).append(project)
        lexicon = cls()
        for key, claimants in claims.items():
            whole = [project for project in claimants if lexicon_key(project) == key]
            if len(claimants) == 1 or len(whole) == 1:
                lexicon.add(key, (whole or claimants)[0], source="label")
        return lexicon

    def import_rules(self, path: str | Path) -> ImportReport:
        """Add the rules of a table with the columns key, project and, optionally, channel.

        UTF-8 (or UTF-16 with its mark), separated by semicolons, commas, tabs or bars. A key is a lower-case part of
        a title, as a rule a stem; the channel is `any`, empty, or the name or id of one. A bad row is left out and
        reported, the others are taken.

        Raises
        ------
        InputError
            No such file, an empty one, one that is not UTF-8, or one without the columns.
        """
        path = Path(path)
        rows = _rows(path)
        line, header = next(rows, (1, []))
        names = [name.strip().casefold() for name in header]
        missing = [name for name in ("key", "project") if name not in names]
        if missing:
            raise InputError(
                f"{path}: has no column {' and no column '.join(missing)}; its first line must read key;project;channel"
                f" and reads {';'.join(header)[:200]!r}"
            )
        places = [names.index(name) if name in names else None for name in ("key", "project", "channel")]
        report = ImportReport()
        for line, row in rows:
            key, project, channel = (
                row[place].strip() if place is not None and place < len(row) else "" for place in places
            )
            reason = ""
            if len(row) == 1 and row[0].startswith("broken CSV: "):
                key, reason = "", row[0]
            elif len(row) > len(header) and any(row[len(header) :]):
                reason = f"{len(row)} fields where the header has {len(header)}"
            elif any(separator in value for value in (key, project, channel) for separator in "\r\n"):
                reason = "a line break inside a field; is a quotation mark left open?"
            else:
                try:
                    is_new = self._put(key, project, channel, "table")[1]
                    report.added += is_new
                    report.unchanged += not is_new
                except InputError as error:
                    reason = str(error)
            if reason:
                report.rejected.append(RejectedRow(str(path), line, key[:MAX_KEY], reason))
        return report

    def to_json(self) -> dict[str, Any]:
        """Return plain data that `json.dumps` takes and `from_json` reads."""
        return {"version": FORMAT_VERSION, "entries": [asdict(entry) for entry in self.entries]}

    @classmethod
    def from_json(cls, data: Any) -> Lexicon:
        """Read what `to_json` returned.

        Raises
        ------
        InputError
            Data of another form, or of a newer program.
        """
        try:
            version, entries = data["version"], data["entries"]
            if version > FORMAT_VERSION:
                raise InputError(f"the lexicon was written by a newer smf-embed (format {version}); update smf-embed")
            return cls(Entry(**entry) for entry in entries)
        except (TypeError, KeyError, AttributeError) as error:
            raise InputError(f"the lexicon is damaged: {type(error).__name__}: {error}") from error


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the filled rows of a table, each with the line it begins in."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: line {line} is not UTF-8; save the table as CSV in UTF-8") from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise InputError(f"{path}: the file is empty; its first line must read key;project;channel")
    text_lines = text.split("\n")
    delimiter = max(";,\t|", key=next(line for line in text_lines if line.strip()).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begins = 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            row = [f"broken CSV: {error}"]
        if row is None:
            return
        if any(value.strip() for value in row):
            yield begins, row
        begins = reader.line_num + 1
