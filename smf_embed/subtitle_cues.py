"""What is said in the cues of subtitles.

pysubs2 parses the cues. What it is given was cleaned before: it stops at one broken time code of an `.ass` file, takes
notes and broken time codes for spoken text, and needs quadratic time for some hostile files.
"""

from __future__ import annotations

import html
import re

import pysubs2

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


def spoken(text: str) -> list[str]:
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
