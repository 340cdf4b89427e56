"""Subtitles: what is said in a clip, read from `.srt`, `.vtt`, `.ass` and `.ssa` files, and which file is whose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from smf_embed.clips import ID, MAX_TEXT, SUBTITLES, ClipBatch
from smf_embed.errors import InputError
from smf_embed.subtitle_cues import spoken
from smf_embed.subtitle_encodings import decode

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
        return parse_subtitles(decode(data))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def parse_subtitles(text: str) -> str:
    """Return what is said in subtitles of any of these formats; see `read_subtitles`.

    Raises
    ------
    ValueError
        There is no readable time code.
    """
    return "\n".join(spoken(text))


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
