"""Taking back the labels that a person gave last, as the log of labels has them."""

from __future__ import annotations

from typing import Any

from smf_embed.catalogue import Catalogue
from smf_embed.clips import ID, LABEL


def undo(catalogue: Catalogue, person: str) -> tuple[list[str], list[str]]:
    """Take back the last labels that a person gave in one go and that were not taken back yet.

    Where all of these were labelled anew since, or are gone, the labels before them are taken back. Labels of tables
    that the person brought in are not the person's.

    Parameters
    ----------
    catalogue : Catalogue
    person : str

    Returns
    -------
    undone : list of str
        Clips that have the label again which they had before.
    kept : list of str
        Clips that were labelled anew since, or are gone; they stay as they are.
    """
    undone: dict[int, dict[str, Any]] = {}
    kept: list[str] = []
    with catalogue.writing("undo"):
        for given, rows in _labellings(catalogue, person):
            undone = _standing(catalogue, rows)
            done = {row[ID] for row in undone.values()}
            kept += [row[ID] for row in rows if row[ID] not in done]
            if undone:
                _take_back(catalogue, given, undone, person)
                break
    return [row[ID] for row in undone.values()], kept


def _labellings(catalogue: Catalogue, person: str) -> list[tuple[int, list[dict[str, Any]]]]:
    """Return the generations in which a person gave labels that were not taken back, and their rows, newest first."""
    log = catalogue.label_log(person=person, source="person")
    taken_back = {row["undoes"] for row in log}
    given: dict[int, list[dict[str, Any]]] = {}
    for row in log:
        if row["undoes"] is None and row["generation"] not in taken_back:
            given.setdefault(row["generation"], []).append(row)
    return list(given.items())[::-1]


def _standing(catalogue: Catalogue, rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Return key of the clip → row of the log, of those labels that the clips still have."""
    now = {clip[ID]: clip for clip in catalogue.clips([row[ID] for row in rows])}
    return {now[row[ID]]["clip_key"]: row for row in rows if row[ID] in now and now[row[ID]][LABEL] == row["project"]}


def _take_back(catalogue: Catalogue, given: int, undone: dict[int, dict[str, Any]], person: str) -> None:
    """Give clips the labels again that they had before a generation, in the name of a person."""
    with catalogue.transaction("undo") as generation:
        before, catalogue.person = catalogue.person, person
        try:
            for clip_key, row in undone.items():
                catalogue.put_label(clip_key, row["was"], "person", generation, undoes=given)
        finally:
            catalogue.person = before
    catalogue.read_preparation_again()
