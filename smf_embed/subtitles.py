"""Subtitles: what is said in a clip, read from `.srt`, `.vtt`, `.ass` and `.ssa` files.

pysubs2 parses the cues. What it is given was cleaned before: it stops at one broken time code of an `.ass` file, takes
notes and broken time codes for spoken text, and needs quadratic time for some hostile files.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pysubs2

from smf_embed.clips import ID, MAX_TEXT, SUBTITLES, ClipBatch
from smf_embed.errors import InputError

SUFFIXES = (".srt", ".vtt", ".ass", ".ssa")
MAX_BYTES = 20_000_000

# ISO 639-1, the old codes iw, in, ji that YouTube still uses, and the usual longer ones
_LANGUAGE_CODES = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is it "
    "iu iw ja ji jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr "
    "ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si "
    "sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi "
    "yo za zh zu fil yue cmn und mul rus eng ukr bel kaz deu ger fra fre spa ita por pol tur ara jpn kor zho chi"
)
_LANGUAGES = frozenset(_LANGUAGE_CODES.split())
_AUTOMATIC = frozenset(("auto", "asr", "orig", "automatic", "generated"))
_FLAGS = _AUTOMATIC | {"manual", "forced", "sdh", "cc", "default", "a"}
_LANGUAGE_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,14}){0,3}", re.I)
_ID_IN_BRACKETS = re.compile(r"\[([\w-]{11})\]$", re.ASCII)

# every pattern below takes linear time: what is repeated cannot run over the next place where the pattern may begin
_TAG = re.compile(r"</?(?:[a-zA-Z]|\d\d:)[^<>\n]*>|</>")
_OVERRIDE = re.compile(r"(\{[^{}\n]*\})")
_DRAWING = re.compile(r"\\p(\d+)")
_MARK = re.compile(r"\[[^\[\]]{0,80}\]|\([^()]{0,60}\)|（[^（）]{0,60}）|【[^【】]{0,60}】|［[^［］]{0,60}］")
_SIGNS = re.compile(r"[♩♪♫♬]+|>>+:?|^[ \t]*[-–—‐]+", re.M)
_CONTROL = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]"
)
_BLANK_LINES = re.compile(r"\n{3,}")

_ARROW = "-->"
_CUE_TIMES = {
    "srt": re.compile(r"\s*\d{1,2}:\d{1,2}:\d{1,2}[.,]\d{1,3}\s*-->\s*\d{1,2}:\d{1,2}:\d{1,2}[.,]\d{1,3}"),
    "vtt": re.compile(r"\s*(?:\d{1,4}:)?\d\d:\d\d\.\d{2,3}\s*-->\s*(?:\d{1,4}:)?\d\d:\d\d\.\d{2,3}"),
}
_PART_OF_A_TIME = re.compile(r"\s*\d\d?:[\d:.,\s-]*")
_SOME_CUE = {"srt": "00:00:00,000 --> 00:00:00,000", "vtt": "00:00:00.000 --> 00:00:00.000"}
_DIALOGUE_TIME = re.compile(r"\s*\d{1,2}:\d{2}:\d{2}[.,]\d{1,3}\s*")


@dataclass
class SubtitleFolder:
    """What `read_folder` found.

    Attributes
    ----------
    texts : dict of str → str
        Id → what is said.
    sources : dict of str → Path
        Id → the file that its text was read from.
    rejected : list of (Path, str)
        The files that could not be read, and why.
    """

    texts: dict[str, str] = field(default_factory=dict)
    sources: dict[str, Path] = field(default_factory=dict)
    rejected: list[tuple[Path, str]] = field(default_factory=list)


def read_subtitles(path: str | Path, *, max_bytes: int = MAX_BYTES) -> str:
    """Read what is said in a subtitle file.

    Time codes, tags, styles, drawings, notes, cue positions, entities, marks in brackets such as [Music] and (смех),
    music signs and dashes of dialogues are left out. Lines that a cue repeats from the one before, as automatic
    captions do, stand once. The format is told by the content, so that a wrong suffix does no harm. A cue with a
    broken time code keeps its text.

    Parameters
    ----------
    path : path
    max_bytes : int
        A larger file is not read.

    Returns
    -------
    str
        One line for each line that is said; empty when nothing is said in the cues.

    Raises
    ------
    InputError
        The file is missing, too large, empty, binary, in an unknown encoding, or has no readable time code. The
        message begins with the path.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > max_bytes:
        raise InputError(f"{path}: is larger than {max_bytes:,} bytes; no subtitle file of one clip is")
    if not data.strip():
        raise InputError(f"{path}: the file is empty")
    try:
        return parse_subtitles(_decode(data))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def parse_subtitles(text: str) -> str:
    """Return what is said in subtitles of any of these formats; see `read_subtitles`.

    Raises
    ------
    ValueError
        There is no readable time code.
    """
    return "\n".join(_spoken(text))


def find_subtitles(folder: str | Path) -> dict[str, list[Path]]:
    """Find the subtitle files of a folder; those of its subfolders are not looked for.

    The id of a clip is the file's name without its suffix and without the parts that follow the id, each behind a
    dot: language tags (`ru`, `en-US`, `zh-Hans`) and the flags auto, asr, orig, manual, forced, sdh, cc, default. So
    `a.b-c_d.ru.auto.vtt` is of the clip `a.b-c_d`. Where the name ends in an 11-character id in square brackets, as
    yt-dlp names files, the id is that.

    Parameters
    ----------
    folder : path

    Returns
    -------
    dict of str → list of Path
        Id → its files, both in alphabetical order.

    Raises
    ------
    InputError
        There is no such folder, or it cannot be read.
    """
    folder = Path(folder)
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: no folder of subtitles: {error.strerror}") from error
    found: dict[str, list[Path]] = {}
    for path in paths:
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and not path.is_dir():
            found.setdefault(_split_name(path)[0], []).append(path)
    return dict(sorted(found.items()))


def read_folder(folder: str | Path, *, languages: Sequence[str] = (), max_bytes: int = MAX_BYTES) -> SubtitleFolder:
    """Read the subtitles of a folder, one text for each id; what cannot be read is named and stops nothing.

    Parameters
    ----------
    folder : path
    languages : sequence of str
        Languages in order of preference; `en` means `en-US`, too. Of files in other languages, or in the same, those
        that are not automatic by their name come first, then the order is alphabetical.
    max_bytes : int
        A larger file is rejected.

    Returns
    -------
    SubtitleFolder

    Raises
    ------
    InputError
        There is no such folder, or it cannot be read.
    """
    result = SubtitleFolder()
    for identifier, paths in find_subtitles(folder).items():
        text, rejected = read_best(paths, languages, max_bytes=max_bytes)
        result.rejected += rejected
        if text is not None:
            result.texts[identifier] = text
            left = {path for path, _ in rejected}
            result.sources[identifier] = next(path for path in _by_preference(paths, languages) if path not in left)
    return result


def read_best(
    paths: Sequence[Path], languages: Sequence[str] = (), *, max_bytes: int = MAX_BYTES
) -> tuple[str | None, list[tuple[Path, str]]]:
    """Read the preferred of the subtitle files of one clip, or the next where it cannot be read; see `read_folder`.

    Returns
    -------
    text : str or None
        What is said; None where no file tells it.
    rejected : list of (Path, str)
        The files that were tried before, and why they were not taken.
    """
    rejected = []
    for path in _by_preference(paths, languages):
        try:
            text = read_subtitles(path, max_bytes=max_bytes)
        except InputError as error:
            rejected.append((path, str(error).removeprefix(f"{path}: ")))
            continue
        if text:
            return text, rejected
        rejected.append((path, "nothing is said in it"))
    return None, rejected


def _by_preference(paths: Sequence[Path], languages: Sequence[str]) -> list[Path]:
    wanted = [language.lower().replace("_", "-") for language in languages]

    def preference(path: Path) -> tuple[int, bool, str]:
        _, language, automatic = _split_name(path)
        ranks = [rank for rank, tag in enumerate(wanted) if language == tag or language.startswith(tag + "-")]
        return (ranks[0] if ranks else len(wanted), automatic, path.name)

    return sorted(paths, key=preference)


def with_subtitles(batches: Iterable[ClipBatch], folder: SubtitleFolder) -> Iterator[ClipBatch]:
    """Give the clips of a table the subtitles of a folder, where the table itself has none."""
    for batch in batches:
        for clip in batch.clips:
            if clip[SUBTITLES] is None and clip[ID] in folder.texts:
                # no more than a column of the table may hold
                clip[SUBTITLES] = folder.texts[clip[ID]][:MAX_TEXT]
                clip["given"] |= {SUBTITLES}
        yield batch


# ------------------------------------------------------------------------------------------------------------ names


def _split_name(path: Path) -> tuple[str, str, bool]:
    """Return the id, the language in lower case (empty if none), and whether the name says that it is automatic."""
    parts = path.name[: -len(path.suffix)].split(".")
    language, automatic = "", False
    while len(parts) > 1:
        part = parts[-1].lower()
        match = _LANGUAGE_TAG.fullmatch(part)
        if match and match[1] in _LANGUAGES:
            language = part.replace("_", "-")
            automatic |= not _AUTOMATIC.isdisjoint(language.split("-"))
        elif part in _FLAGS:
            automatic |= part in _AUTOMATIC or part == "a"
        else:
            break
        parts.pop()
    name = ".".join(parts)
    bracketed = _ID_IN_BRACKETS.search(name)
    return bracketed[1] if bracketed else name, language, automatic


# -------------------------------------------------------------------------------------------------------- encodings


def _decode(data: bytes) -> str:
    """Decode a file; ValueError says why that cannot be done."""
    for bom, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(bom):
            text = data.decode(encoding, "replace")
            if text.count("\ufffd") > len(text) // 100:
                raise ValueError(f"begins as {encoding.removesuffix('-sig').upper()} but is no such text")
            return text.replace("\ufffd", "")
    if len(data.translate(None, delete=_TEXT_BYTES)) > len(data) // 200:
        raise ValueError("is binary, no text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":  # the file was cut inside its last character
            return data[: error.start].decode("utf-8")
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    good = sum(character > "\x7f" for character in text) - damaged
    if damaged <= max(2, good // 50) and good > 4 * damaged:  # a few flipped bits
        return text.replace("\ufffd", "")
    cyrillic = data.decode("cp1251", "replace")
    if _reads_as_cyrillic(cyrillic):
        return cyrillic
    latin = data.decode("cp1252", "replace")
    if _reads_as_latin(latin):
        return latin
    raise ValueError("is in an unknown encoding; save it as UTF-8")


_TEXT_BYTES = bytes([9, 10, 11, 12, 13, 26, *range(32, 256)])
_SAMPLE = 500_000
_CYRILLIC_WORD = re.compile(r"[а-яёіїєґўј]+", re.I)
_WORD = re.compile(r"[^\W\d_]+")
# the ten commonest letters of Russian, two thirds of any text; 55 to 65 % in its neighbours
_COMMON_CYRILLIC = frozenset("оеаинтсрвл")


def _reads_as_cyrillic(text: str) -> bool:
    """Tell Cyrillic text from other bytes that happen to have Cyrillic letters in cp1251."""
    text = text[:_SAMPLE]
    foreign = [character for character in text if character > "\x7f" and character not in "«»—–…№“”„’ \ufffd"]
    letters = [letter for word in _CYRILLIC_WORD.findall(text) for letter in word]
    if len(letters) < 8 or len(letters) < 0.9 * len(foreign):
        return False
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    # whole words of one script, and no capital behind a small letter, as bytes of KOI8-R or UTF-8 give
    odd = sum(_CYRILLIC_WORD.fullmatch(word) is None or not (word[1:].islower() or word.isupper() or len(word) == 1)
              for word in words)  # fmt: skip
    common = sum(letter in _COMMON_CYRILLIC for letter in map(str.lower, letters))
    return odd <= 0.1 * len(words) and common >= 0.45 * len(letters)


def _reads_as_latin(text: str) -> bool:
    """Tell western European text: accented letters are few, and stand in words with plain ones."""
    accented = sum("\xc0" <= character <= "\xff" and character not in "×÷" for character in text)
    plain = sum(character.isascii() and character.isalpha() for character in text)
    others = sum(character > "\x7f" for character in text) - accented
    return 0 < accented <= 0.3 * plain and others <= accented + 5


# ------------------------------------------------------------------------------------------------------------- cues


def _spoken(text: str) -> list[str]:
    """Return the lines that are said; ValueError when there is no cue."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = _CONTROL.sub("", text.replace("\x00", ""))
    start = text[:4096].lstrip()
    if "[Script Info]" in start or "[Events]" in text[:200_000] or start.startswith("Dialogue:"):
        kind, prepared = "ass", _prepare_dialogues(text)
    else:
        kind = "vtt" if start.startswith("WEBVTT") else "srt"
        prepared = _prepare_cues(text, kind)
        if not prepared and kind == "srt":  # a .vtt that has lost its first line
            kind, prepared = "vtt", _prepare_cues(text, "vtt")
        elif not prepared:  # an .srt under the first line of a .vtt
            kind, prepared = "srt", _prepare_cues(text, "srt")
    if not prepared:
        raise ValueError("has no readable time code; is it a subtitle file?")
    options = {} if kind == "ass" else {"keep_html_tags": True}
    events = list(pysubs2.SSAFile.from_string(prepared, format_=kind, **options))
    if kind == "ass":
        events.sort(key=lambda event: event.start)  # these files are often sorted by style; stable
    lines: list[str] = []
    previous: list[str] = []
    layers: set[str] = set()  # what stands in the cues of the same time, as .ass files draw a text with its shadow
    time = (-1, -1)
    for event in events:
        current = _cue_lines(event.plaintext)
        if not current:
            continue
        if (event.start, event.end) != time:
            time = (event.start, event.end)
            layers.clear()
        elif "\n".join(current) in layers and event.end > 0:
            continue
        layers.add("\n".join(current))
        repeated = _overlap(previous, current)
        fresh = current[repeated:]
        # a line that grows by a word from cue to cue
        if (
            fresh
            and not repeated
            and len(previous) == 1
            and previous == lines[-1:]
            and fresh[0].startswith(previous[0] + " ")
        ):
            lines.pop()
        lines += fresh
        previous = current
    return lines


def _prepare_cues(text: str, kind: str) -> str:
    """Keep the cues of an .srt or .vtt file, each with a time code that pysubs2 knows; empty when there is none."""
    text = _BLANK_LINES.sub("\n\n", _without_tags(text))
    prepared: list[str] = []
    good, inside = 0, False
    # pysubs2 takes a last line of digits for the number of the next cue; where there is none, it is given one
    number = ["", "0"]
    for line in text.split("\n"):
        if _ARROW in line:
            match = _CUE_TIMES[kind].match(line)
            if not match and (len(line) >= 200 or not any(map(str.isdigit, line))):
                if inside:
                    prepared.append(line.replace(_ARROW, " "))
                continue
            if kind == "vtt" and prepared:
                prepared += number
            good += bool(match)
            prepared.append(match[0] if match else _SOME_CUE[kind])
            inside = True
        elif kind == "vtt" and not line:
            inside = False  # what follows is a note, a style, the name of a cue, or a cue
        elif inside:
            prepared.append(line)
    if not good:
        return ""
    # a file may be cut inside the number or the time code of a cue
    while prepared and not prepared[-1].strip():
        prepared.pop()
    if _PART_OF_A_TIME.fullmatch(prepared[-1]) or (_ends_in_number(prepared[-3:-1]) and prepared[-1].strip().isdigit()):
        prepared.pop()
    elif not _ends_in_number(prepared[-2:]):
        prepared += number
    return "\n".join(prepared)


def _ends_in_number(lines: list[str]) -> bool:
    """Tell whether the last line is the number of a cue."""
    return len(lines) > 1 and lines[-1].strip().isdigit() and not lines[-2].strip()


def _prepare_dialogues(text: str) -> str:
    """Keep the dialogues of an .ass or .ssa file, each with times that pysubs2 knows; empty when there is none."""
    prepared = ["[Events]"]
    good = 0
    times = ["0:00:00.00", "0:00:00.00"]
    for line in text.split("\n"):
        if not line.startswith("Dialogue:"):
            continue
        fields = line.split(",", 9)
        if len(fields) < 10:
            continue
        if _DIALOGUE_TIME.fullmatch(fields[1]) and _DIALOGUE_TIME.fullmatch(fields[2]):
            good += 1
            times = [time.strip().replace(",", ".") for time in fields[1:3]]
        speech = _without_tags(_without_drawings(fields[9]))
        prepared.append(f"Dialogue: 0,{times[0]},{times[1]},Default,,0,0,0,,{speech}")
    return "\n".join(prepared) if good else ""


def _without_drawings(text: str) -> str:
    pieces = []
    drawing = False
    for piece in _OVERRIDE.split(text):
        if piece.startswith("{") and piece.endswith("}"):
            for scale in _DRAWING.findall(piece):
                drawing = bool(scale.strip("0"))
        elif not drawing:
            pieces.append(piece)
    return "".join(pieces)


def _without_tags(text: str) -> str:
    # a brace that closes nowhere would take pysubs2 quadratic time
    return _TAG.sub("", _OVERRIDE.sub("", text)).replace("{", " ")


def _cue_lines(text: str) -> list[str]:
    if "&" in text:
        text = _CONTROL.sub("", _TAG.sub("", html.unescape(text)))
    if any(bracket in text for bracket in "[(（【［"):
        text = _MARK.sub(" ", text)
    text = _SIGNS.sub(" ", text)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return [line for line in lines if any(map(str.isalnum, line))]


def _overlap(previous: list[str], current: list[str]) -> int:
    """Return how many lines at the end of one cue the next one begins with; cues of many lines only by the last few."""
    for count in range(min(len(previous), len(current), 8), 0, -1):
        if previous[-count:] == current[:count]:
            return count
    return 0
