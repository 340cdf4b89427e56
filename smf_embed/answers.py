"""From ids and links to projects: the label or the decision of each clip, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smf_embed.catalogue import Catalogue
from smf_embed.clips import BATCH_ROWS, ID, LABEL, SUBTITLES, TITLE
from smf_embed.enrichment.quota import utc_now
from smf_embed.enrichment.states import QuotaUsedUpError, Source, SourceError, State
from smf_embed.enrichment.watched import Watched, WatchedClip
from smf_embed.errors import InputError
from smf_embed.video_ids import video_id

if TYPE_CHECKING:
    from smf_embed.classifier import Classifier

UNKNOWN = "unknown"
"""The answer for a clip of which nothing is known that could be judged; no project can have this meaning."""

NOTHING_KNOWN = "nothing is known of it but its id and numbers; there is nothing to judge by"

_STORED, _NOT_STORED = "stored", "not stored"
# without any of these there is nothing to judge by
_TO_JUDGE_BY = (TITLE, "description", SUBTITLES, "yt_channel_id", "yt_channel_name")


@dataclass(frozen=True)
class ClipAnswer:
    """The answer for one id or link.

    Attributes
    ----------
    given : str
        What was asked.
    yt_reel_id : str
        The id in it; empty where there is none.
    cartoon : str
        Project, `none` or `unknown`.
    confidence : float or None
        0 to 1, calibrated; None for labels and `unknown`.
    runner_up : str
    runner_up_confidence : float or None
    unsure : bool
        A person should look at it: see `smf_embed.decisions.decide`. False for labels and `unknown`.
    state : str
        `stored` where the catalogue has the whole clip, `not stored` where it has not and there is no source, else a
        `smf_embed.enrichment.states.State`; docs/enrichment.md lists what is answered in each.
    reason : str
        What speaks for the decision, whose label it is, or why the clip is unknown.
    """

    given: str
    yt_reel_id: str
    cartoon: str
    confidence: float | None = None
    runner_up: str = ""
    runner_up_confidence: float | None = None
    unsure: bool = False
    state: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Answers:
    """The answers for ids and links, in their order.

    Attributes
    ----------
    clips : list of ClipAnswer
        One for each that was asked for, those that come again, too.
    trouble : SourceError or None
        Why some clips could not be looked up now.
    """

    clips: list[ClipAnswer] = field(default_factory=list)
    trouble: SourceError | None = None


def classify(
    ids: Sequence[str], catalogue: str | Path = "index", *, source: Source | str | None = None
) -> dict[str, str]:
    """Tell the project of clips.

    Parameters
    ----------
    ids : sequence of str
        Ids of clips, or links to them; see `smf_embed.video_ids.video_id`.
    catalogue : path
        Folder of the catalogue with its model.
    source : Source or str, optional
        Where clips are looked up that the catalogue does not hold, such as `"youtube"`; see
        `smf_embed.enrichment.opening.open_source`. They are added to the catalogue. Without it nothing is looked up
        and nothing is written.

    Returns
    -------
    dict of str → str
        Id → project or `none`: the label where the clip has one, else the decision; `unknown` where there is nothing to
        judge by. A link is answered under its id; a text without an id under itself. `answer` also tells why.

    Raises
    ------
    CatalogueError, ModelError
    InputError, SourceError
        The source cannot be used.
    """
    from smf_embed.enrichment.opening import open_source

    with ExitStack() as stack:
        if isinstance(source, str):
            source = stack.enter_context(closing(open_source(source)))
        clips = answer(ids, stack.enter_context(Catalogue(catalogue)), source=source).clips
    return {clip.yt_reel_id or clip.given: clip.cartoon for clip in clips}


def answer(
    ids: Iterable[str],
    catalogue: Catalogue,
    *,
    source: Source | None = None,
    min_precision: float | None = None,
    progress: Callable[[int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Answers:
    """Tell the project of clips, and why.

    Clips that the catalogue holds are answered from it at once. Others are looked up first where there is a source,
    unless they were looked up before and are not due again.

    Parameters
    ----------
    ids : iterable of str
        Ids, or links.
    catalogue : Catalogue
        With a model, if there is a clip without a label.
    source : Source, optional
    min_precision : float, optional
        See `smf_embed.classifier.Classifier.predict`.
    progress : callable, optional
        Told how many clips were looked up by now.
    stop : callable, optional
        Asked before each batch is looked up; clips that were not are `unknown`.

    Raises
    ------
    CatalogueError, ModelError
    SourceError
        The source will not answer before something is mended.
    """
    given = [str(one) for one in ids]
    parsed = [_parsed(one) for one in given]
    wanted = list(dict.fromkeys(identifier for identifier, _ in parsed if identifier))
    trouble: SourceError | None = None
    states: dict[str, State] = {}
    if source is not None:
        trouble, states = _look_up(catalogue, wanted, source, progress, stop)
    with catalogue.reading():
        found = _decided(catalogue, wanted, min_precision)
        bare = {clip[ID] for clip in catalogue.clips([one for one in wanted if one not in found])}
        known = Watched(catalogue).clips(wanted)
    for identifier in found.keys() | bare:
        if identifier in known and known[identifier].state is State.REMOVED:
            del known[identifier]  # it was added again
    clips = []
    for text, (identifier, reason) in zip(given, parsed, strict=True):
        if not identifier:
            clips.append(ClipAnswer(text, "", UNKNOWN, state=State.WRONG, reason=reason))
        elif identifier in found:
            clips.append(_with_state(text, identifier, found[identifier], known.get(identifier)))
        elif states.get(identifier) is State.WRONG:
            why = f"is no id that {source.name if source else 'the source'} could know"
            clips.append(ClipAnswer(text, identifier, UNKNOWN, state=State.WRONG, reason=why))
        else:
            is_stored = identifier in bare
            clips.append(_unknown(text, identifier, known.get(identifier), trouble, source, is_stored))
    return Answers(clips, trouble)


def _parsed(text: str) -> tuple[str, str]:
    try:
        return video_id(text), ""
    except InputError as error:
        return "", str(error)


def _look_up(
    catalogue: Catalogue,
    wanted: list[str],
    source: Source,
    progress: Callable[[int], None] | None,
    stop: Callable[[], bool] | None,
) -> tuple[SourceError | None, dict[str, State]]:
    """Look up what is not stored and may be asked for now."""
    from smf_embed.enrichment.enriching import enrich

    with catalogue.reading():
        stored = {clip[ID]: can_be_judged(clip) for clip in catalogue.clips(wanted)}
        known = Watched(catalogue).clips(wanted)
    now = utc_now()
    missing = [
        one
        for one in wanted
        if not stored.get(one) and (one not in known or known[one].is_due_if_named(now, one in stored))
    ]
    if not missing:
        return None, {}
    came = enrich(catalogue, source, missing, progress=progress, stop=stop)
    return came.trouble, came.states


def can_be_judged(clip: dict[str, Any]) -> bool:
    """Tell whether a stored clip has a label, or anything but its id and numbers."""
    return clip[LABEL] is not None or any(clip[name] is not None for name in _TO_JUDGE_BY)


def _decided(catalogue: Catalogue, ids: list[str], min_precision: float | None) -> dict[str, dict[str, Any]]:
    """Return id → label or decision of the clips that are stored and can be judged."""
    model: Classifier | None = None
    found: dict[str, dict[str, Any]] = {}
    for first in range(0, len(ids), BATCH_ROWS):
        clips = [clip for clip in catalogue.clips(ids[first : first + BATCH_ROWS]) if can_be_judged(clip)]
        labelled = {clip["clip_key"]: clip for clip in clips if clip[LABEL] is not None}
        for key, (origin, _) in catalogue.label_sources(list(labelled)).items():
            clip = labelled[key]
            found[clip[ID]] = {"cartoon": clip[LABEL], "reason": f"its label, given by a {origin}"}
        open_ids = [clip[ID] for clip in clips if clip[LABEL] is None]
        if open_ids:
            if model is None:
                from smf_embed.classifier import MODEL_FOLDER, Classifier

                model = Classifier.load(catalogue.folder / MODEL_FOLDER, catalogue)
            table = model.predict(catalogue.stored(open_ids), min_precision=min_precision)
            for row in table.rename(columns={"why": "reason"}).to_dict("records"):
                found[row.pop(ID)] = row
    return found


def _with_state(given: str, identifier: str, row: dict[str, Any], known: WatchedClip | None) -> ClipAnswer:
    state: str = _STORED if known is None or known.state is State.OK else known.state
    reason = row["reason"]
    if known is not None and known.reason and known.state is not State.OK:
        reason = f"{reason}; {known.reason}"
    return ClipAnswer(given, identifier, **row | {"state": state, "reason": reason})


def _unknown(
    given: str,
    identifier: str,
    known: WatchedClip | None,
    trouble: SourceError | None,
    source: Source | None,
    is_stored: bool,
) -> ClipAnswer:
    if is_stored and (known is None or known.state is State.OK):
        state, reason = _STORED, NOTHING_KNOWN
    elif known is not None and known.state not in (State.LISTED, State.REMOVED):
        state, reason = str(known.state), known.reason
        if known.next_try:
            reason += f"; asked for on {(known.checked or '')[:10]}, and again from {known.next_try[:16]}Z on"
    elif trouble is not None:
        state = State.QUOTA if isinstance(trouble, QuotaUsedUpError) else State.UNAVAILABLE
        reason = str(trouble)
    elif source is None:
        what = known.reason if known is not None and known.state is State.REMOVED else "the catalogue does not hold it"
        state, reason = _NOT_STORED, f"{what}, and there is no source to look it up: --source"
    else:
        state, reason = State.UNAVAILABLE, "it was not looked up: stopped before"
    return ClipAnswer(given, identifier, UNKNOWN, state=state, reason=reason)
