"""What a page shows of a clip and of its decision: the evidence as sentences and bars, in the reader's language."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from smf_embed.clips import NONE
from smf_embed.service.page_texts import text
from smf_embed.video_ids import clip_link

# what is worth a bar or a sentence, in log-odds; the longest bar is at least this
_SMALL, _LONGEST = 0.1, 3.0
_BARS = 8
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
# what turns the direction of the text around it, or cannot be seen
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_HUES = 10


def shown(value: object, limit: int) -> str:
    """Return a text of a clip as it is shown: without control characters, cut to a number of characters."""
    # cut first: a text may have a million characters
    whole = str(value if value is not None else "")
    kept = _CONTROLS.sub("", whole[: 2 * limit])
    # accents that are piled up paint over the lines above and below
    kept = re.sub("([\u0300-\u036f]{3})[\u0300-\u036f]+", r"\1", unicodedata.normalize("NFC", kept))
    return kept if len(whole) <= 2 * limit and len(kept) <= limit else kept[: limit - 1].rstrip() + "…"


def thumbnail(identifier: str) -> str:
    """Return where the picture of a video is, empty for an id that is none of YouTube's."""
    return f"https://i.ytimg.com/vi/{identifier}/mqdefault.jpg" if _VIDEO_ID.fullmatch(identifier) else ""


def link(identifier: str) -> str:
    """Return where a video can be seen, empty for an id that is none of YouTube's."""
    return clip_link(identifier) if _VIDEO_ID.fullmatch(identifier) else ""


def hue(project: str) -> str:
    """Return the class of a project's colour, always the same one."""
    return "none" if project == NONE else f"h{sum(project.encode('utf-8', 'replace')) % _HUES}"


def length(seconds: float | None) -> str:
    """Return a duration as 3:05 or 1:02:03, empty where there is none."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def evidence(language: str, explained: dict[str, Any]) -> dict[str, Any]:
    """Put an explanation into words and bars.

    Parameters
    ----------
    language : str
    explained : dict
        See `smf_embed.service.desk.Desk.explain`.

    Returns
    -------
    dict
        `reasons` (each with `side`, for or against, and `text`), `effects` (each with `name`, `effect` in log-odds,
        `told`), `largest` effect and `best`, the candidate that they are about.
    """
    if not explained["candidates"]:
        return {"reasons": [], "effects": [], "largest": _LONGEST, "best": ""}
    by_name = {one["project"]: one for one in explained["candidates"]}
    best = by_name.get(explained["project"], explained["candidates"][0])
    effects = [
        {
            "name": _group(language, group),
            "effect": effect,
            "told": text(language, "effect_is", name=_group(language, group), effect=f"{effect:+.1f}"),
        }
        for group, effect in best["groups"].items()
        if abs(effect) >= _SMALL
    ][:_BARS]
    reasons = _reasons(language, explained, best)
    largest = max([_LONGEST, *(abs(float(one["effect"])) for one in effects)])
    return {"reasons": reasons, "effects": effects, "largest": largest, "best": best["project"]}


def _group(language: str, group: str) -> str:
    """Name a group of `smf_embed.explaining.group_of`."""
    if group.endswith(" neighbours"):
        return text(language, f"group_near_{group.removesuffix(' neighbours')}")
    for start, kind in (("wording of the ", "wording"), ("names in the ", "names")):
        if group.startswith(start):
            return text(language, f"group_{kind}_{group.removeprefix(start)}")
    return text(language, {"channel": "group_channel", "numbers": "group_numbers"}.get(group, "group_size"))


def _reasons(language: str, explained: dict[str, Any], best: dict[str, Any]) -> list[dict[str, str]]:
    """Say what stands behind the effects: names, nearest clips, channel, wording."""
    found: list[dict[str, str]] = []

    def say(group: str, key: str, **values: object) -> None:
        side = "against" if best["groups"].get(group, 0.0) < -_SMALL else "for"
        found.append({"side": side, "text": text(language, key, **values)})

    if explained["project"] == NONE:
        found.append({"side": "against", "text": text(language, "reason_best_is_none", project=best["project"])})
    told: set[tuple[str, str]] = set()
    for name in explained["names"]:
        field, project = name["field"], name["project"]
        # names of other projects in the title are told, too: they are why a clip may be of none
        is_told = project == best["project"] or (field == "title" and name["how"] != "mined")
        if not is_told or (field, project) in told:
            continue
        told.add((field, project))
        how = text(language, f"how_{name['how']}")
        values = {"project": project, "text": shown(name["text"], 60), "how": how}
        if project == best["project"]:
            say(f"names in the {field}", f"reason_name_{field}", **values)
        else:
            found.append({"side": "against", "text": text(language, f"reason_name_{field}", **values)})
    fields: set[str] = set()
    for near in explained["nearest"]:
        field = near["field"]
        if near["project"] == best["project"] and field not in fields:
            fields.add(field)
            title = shown(near["title"] or near["yt_reel_id"], 70)
            say(f"{field} neighbours", f"reason_near_{field}", project=best["project"], title=title)
    if explained["channel"]:
        count, everything = explained["channel"].get(best["project"], 0), sum(explained["channel"].values())
        said = text(language, "reason_channel", count=count, all=everything, project=best["project"])
        found.append({"side": "for" if count else "against", "text": said})
    wording = best["groups"].get("wording of the title", 0.0)
    if abs(wording) >= 0.5:
        key = "reason_wording_for" if wording > 0 else "reason_wording_against"
        say("wording of the title", key, project=best["project"])
    return found
