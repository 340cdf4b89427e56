"""Decisions beside their labels, ready to be scored: of a labelled table, of folds, of clips later than all others.

Every way gives one table, a row a clip: the columns of `smf_embed.classifier.Classifier.predict` (`why` only where the
evidence was at hand) and `FACTS`.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
import pandas as pd

from smf_embed.catalogue import Catalogue
from smf_embed.classifier import Classifier, deal_folds
from smf_embed.clips import ID, LABEL, NONE, TITLE
from smf_embed.encoded_clips import EncodedClips
from smf_embed.errors import InputError, ModelError

#: Column → what it tells of a clip, besides its decision.
FACTS = {
    "label": "the project that its label names",
    "title": "raw; None where missing",
    "near_duplicates": "number that clips of the same words share",
    "language": "the table's word for it, else the script of most letters of the title, or of the description",
    "channel_type": "as in the table; None where missing",
    "missing": "names of what is missing, a comma between them; empty where nothing is",
}

_FIELDS = {"title": TITLE, "description": "description", "duration": "seconds", "channel": "yt_channel_id"}
# letters of one script go by several names in Unicode
_SCRIPTS = {"hiragana": "japanese", "katakana": "japanese", "cjk": "han"}
_TO_READ = 400


@dataclass(frozen=True)
class Judged:
    """Decisions with their labels.

    Attributes
    ----------
    table : DataFrame
        A row a clip.
    sizes : dict of str → int
        Project → labelled clips that were learned from; `none` among them.
    how : str
        Where the decisions come from, in words.
    """

    table: pd.DataFrame
    sizes: dict[str, int]
    how: str


def facts_of(clips: EncodedClips) -> pd.DataFrame:
    """Return the columns `FACTS` of clips, a row each; `near_duplicates` are the keys themselves, str."""
    return pd.DataFrame(
        {
            "label": pd.Series([clip[LABEL] for clip in clips.clips], dtype=object),
            "title": pd.Series([clip[TITLE] for clip in clips.clips], dtype=object),
            "near_duplicates": pd.Series(clips.near_duplicate_keys(), dtype=object),
            "language": pd.Series([_language(clip) for clip in clips.clips], dtype=object),
            "channel_type": pd.Series([clip["yt_channel_type"] for clip in clips.clips], dtype=object),
            "missing": pd.Series(
                [", ".join(name for name, key in _FIELDS.items() if clip[key] is None) for clip in clips.clips],
                dtype=object,
            ),
        }
    )


def numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table of `facts_of` rows with numbers in place of the keys of near-duplicates."""
    return table.assign(near_duplicates=pd.factorize(table["near_duplicates"])[0])


def by_folds_of_the_fit(model: Classifier, catalogue: Catalogue) -> Judged:
    """Take the decisions that `fit` made of each training clip by its folds, against the label that it had then.

    Only the thresholds and the calibration have seen these clips, so this is cheap and a little flattered. Clips whose
    label has changed since are left out: where a proposal of the audit was taken, the label is what the folds said.
    Those that are left are the easier ones, if labels were wrong there: after many changes, only a new fit tells.

    Raises
    ------
    InputError
        When no clip has its label still.
    """
    decisions, said = model.out_of_fold_decisions(), model.out_of_fold()
    clips = catalogue.stored(decisions[ID].tolist())
    table = facts_of(clips)
    table.insert(0, ID, clips.ids)
    label_of = dict(zip(clips.ids, table["label"], strict=True))
    kept = said.still_labelled(label_of)
    relabelled = sum(label_of.get(one) is not None for one, is_kept in zip(said.ids, kept, strict=True) if not is_kept)
    if not kept.any():
        raise InputError(
            f"{catalogue.folder}: no clip has the label still that the last fit learned from; fit again: smf-embed fit"
        )
    table = decisions[kept].assign(why="").merge(table, on=ID)
    how = f"folds of the fit{f', {relabelled:,} relabelled since the fit left out' if relabelled else ''}"
    return Judged(numbered(table), dict(model.manifest["sizes"]), how)


def cross_validated(
    catalogue: Catalogue, n_folds: int, *, seed: int = 0, progress: Callable[[float, str], None] | None = None
) -> Judged:
    """Decide each labelled clip by a model that is fitted on the other folds alone, near-duplicates in one fold.

    All that `fit` learns is learned anew for each fold, thresholds and calibration, too. The texts stay as they were
    prepared when they were added: that reads no label, but protects the names of all projects from typo correction.

    Parameters
    ----------
    catalogue : Catalogue
    n_folds : int
        2 and more; there are at most as many as clips of different words, and `Judged.how` tells how many there were.
    seed : int
        Of the folds and the fits.
    progress : callable, optional
        Told the share that is done, 0 to 1, and what is done next.

    Raises
    ------
    InputError
        When all clips are of the same words.
    ModelError
        When what is left without a fold cannot be learned from.
    """
    clips = _labelled(catalogue)
    labels = pd.factorize(np.array([clip[LABEL] for clip in clips.clips], dtype=object))[0]
    groups = pd.factorize(np.array(clips.near_duplicate_keys(), dtype=object))[0]
    if groups.max() == 0:
        raise InputError(
            f"{catalogue.folder}: all {len(clips):,} labelled clips are of the same words, and those of the same words "
            "share a fold; label clips of other words, too"
        )
    # fewer than asked for where there are fewer different clips
    n_folds = min(n_folds, int(groups.max()) + 1)
    folds = deal_folds(labels, groups, n_folds, seed)
    parts = []
    for fold in range(n_folds):
        inside = np.flatnonzero(folds == fold)
        model = _fitted(catalogue, clips.part(folds != fold), seed, _scaled(progress, fold, n_folds, "fold"))
        parts.append(_judge(model, clips.part(inside)))
    table = numbered(pd.concat(parts, ignore_index=True))
    return Judged(table, catalogue.project_sizes(), f"cross-validation by {n_folds} folds")


def split_by_time(
    catalogue: Catalogue, after: dt.date, *, seed: int = 0, progress: Callable[[float, str], None] | None = None
) -> Judged:
    """Learn from the labelled clips published before a day, and decide those published from that day on.

    Clips without a date are left out. See `cross_validated` for the rest.

    Raises
    ------
    InputError
        When no clip is older, or none is newer.
    """
    clips = _labelled(catalogue)
    days = np.array([_day(clip["date"]) for clip in clips.clips], dtype="datetime64[D]")
    known, later = ~np.isnat(days), days >= np.datetime64(after)
    learned, asked = clips.part(known & ~later), clips.part(known & later)
    if not len(learned) or not len(asked):
        dated = f"{days[known].min()} to {days[known].max()}" if known.any() else "none of them has a date"
        raise InputError(
            f"{after}: there must be labelled clips before and after it, and there are {len(learned):,} before and "
            f"{len(asked):,} from then on ({dated}); dates are read as YYYY-MM-DD"
        )
    model = _fitted(catalogue, learned, seed, _scaled(progress, 0, 1, "clips before"))
    how = f"learned from {len(learned):,} clips before {after}, decided {len(asked):,} from then on"
    undated = f", {(~known).sum():,} without a date left out" if not known.all() else ""
    return Judged(numbered(_judge(model, asked)), dict(model.manifest["sizes"]), how + undated)


class _Part:
    """Some labelled clips of a catalogue, with all of a catalogue that `Classifier.fit` and the model ask for."""

    def __init__(self, catalogue: Catalogue, clips: EncodedClips) -> None:
        self.folder, self.fingerprint, self.lexicon = catalogue.folder, catalogue.fingerprint, catalogue.lexicon
        self._clips = clips

    def labelled(self) -> EncodedClips:
        return self._clips

    def project_sizes(self) -> dict[str, int]:
        counts = Counter(clip[LABEL] for clip in self._clips.clips)
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _fitted(catalogue: Catalogue, clips: EncodedClips, seed: int, say: Callable[[float, str], None]) -> Classifier:
    try:
        return Classifier.fit(cast(Catalogue, _Part(catalogue, clips)), seed=seed, progress=say)
    except ModelError as error:
        raise ModelError(f"of {len(clips):,} clips that are to be learned from: {error}") from error


def _judge(model: Classifier, clips: EncodedClips) -> pd.DataFrame:
    blind = EncodedClips([clip | {LABEL: None} for clip in clips.clips], clips.vectors)
    return pd.concat([model.predict(blind), facts_of(clips)], axis=1)


def _labelled(catalogue: Catalogue) -> EncodedClips:
    clips = catalogue.labelled()
    if not len(clips):
        raise InputError(f"{catalogue.folder}: no clip is labelled; add a table with a filled column {LABEL}")
    return clips


def _scaled(
    progress: Callable[[float, str], None] | None, done: int, parts: int, name: str
) -> Callable[[float, str], None]:
    """Return what is told the progress of one fit among several."""

    def say(share: float, step: str) -> None:
        if progress is not None:
            progress((done + share) / parts, f"{name} {done + 1} of {parts}: {step}" if parts > 1 else step)

    return say


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _language(clip: dict[str, Any]) -> str:
    return clip["language"] or main_script([clip[TITLE], clip["description"]])


def main_script(texts: Sequence[str | None]) -> str:
    """Return the script of most letters of the first text that has any: `cyrillic`, `latin`, …, or `no letters`.

    Examples
    --------
    >>> main_script(["Маша 3D"]), main_script(["2024", "名探偵コナン"]), main_script([None])
    ('cyrillic', 'han', 'no letters')
    """
    for text in texts:
        scripts = Counter(_script(letter) for letter in (text or "")[:_TO_READ] if letter.isalpha())
        if scripts:
            return min(scripts, key=lambda name: (-scripts[name], name))
    return "no letters"


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "other").split()[0].split("-")[0].lower()
    return _SCRIPTS.get(name, name)


def right(table: pd.DataFrame) -> np.ndarray:
    """Return which decisions are what the label says, bool, shape (n,)."""
    return (table["label"] == table[LABEL]).to_numpy()


def best_candidates(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the best project of each clip, decided or not, and its confidence; empty and 0 where there is none."""
    says_project = (table[LABEL] != NONE).to_numpy()
    candidate = np.where(says_project, table[LABEL], table["runner_up"])
    confidence = np.where(says_project, table["confidence"], table["runner_up_confidence"])
    return candidate, np.where(candidate == "", 0.0, confidence)
