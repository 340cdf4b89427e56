"""What is looked up at the desk: clips, what is near them, projects, labels, and why a clip is decided as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from smf_embed.clips import CLIP_FIELDS, ID, LABEL
from smf_embed.errors import InputError
from smf_embed.neighbours import similar as similar_clips
from smf_embed.service.current_model import CurrentModel
from smf_embed.service.deciding import read_asked
from smf_embed.service.finding import id_in_link, shown, titles_with
from smf_embed.service.health import project_rows
from smf_embed.service.opening import OpenCatalogue
from smf_embed.service.review import ReviewQueue
from smf_embed.service.waiting import Workers, wait_for
from smf_embed.text import clean

Result = TypeVar("Result")


class NotStored(InputError):
    """An id that the catalogue does not hold."""

    def __init__(self, identifier: str | None) -> None:
        super().__init__(f"{identifier}: the catalogue does not hold this id")


class Lookups:
    """The part of a `smf_embed.service.desk.Desk` that answers questions and changes nothing.

    Attributes
    ----------
    timeout : float
        Seconds that a caller waits.
    model : CurrentModel
    """

    timeout: float
    model: CurrentModel
    _readers: Workers[OpenCatalogue]
    _review: ReviewQueue

    def explain(self, clip: str | dict[str, Any]) -> dict[str, Any]:
        """Tell why a clip is decided as it is: a stored one by its id, or one with the columns of the table.

        Returns
        -------
        dict
            See `smf_embed.explaining.Explanation`, without the effects of single columns.

        Raises
        ------
        InputError
            An id that is not stored, or a clip that cannot be read.
        ModelError, Busy, Late
        """
        asked = read_asked(clip)
        if asked.reason:
            raise InputError(asked.reason)
        model = self.model.get(self.timeout)

        def work(catalogue: OpenCatalogue) -> dict[str, Any]:
            with catalogue.reading():
                if asked.clip is not None:
                    encoded, _ = catalogue.encoded([asked.clip])
                else:
                    encoded = catalogue.stored([asked.identifier or ""])
                    if not len(encoded):
                        raise NotStored(asked.identifier)
            told = model.explain(encoded)[0].to_json()
            for candidate in told["candidates"]:
                del candidate["effects"]
            return told

        return self._read(work, "explaining")

    def similar(
        self,
        identifier: str | None = None,
        title: str | None = None,
        n: int = 10,
        project: str | None = None,
        channel: str | None = None,
        labelled: bool = False,
    ) -> list[dict[str, Any]]:
        """List the clips that are nearest to a stored one or to a title; see `smf_embed.neighbours.similar`."""
        if (identifier is None) == (title is None):
            raise InputError("name either the id of a clip or a title")

        def work(catalogue: OpenCatalogue) -> list[dict[str, Any]]:
            if identifier is not None and identifier not in catalogue:
                raise NotStored(identifier)
            return similar_clips(
                catalogue,
                identifier,
                text=title,
                k=n,
                project=project,
                channel=channel,
                labelled=labelled,
                open_index=lambda _, field: catalogue.index(field),
            )

        return self._read(work, "searching")

    def search(self, text: str, limit: int = 20) -> list[dict[str, Any]]:
        """Find stored clips by a link, an id, words of the title, or else by what is nearest to the text.

        Returns
        -------
        list of dict
            `yt_reel_id`, `title`, `project` (None where unlabelled), `channel`, `similarity` (None where it is no
            measure) and `found`: link, id, title or similar.
        """
        text = text.strip()

        def work(catalogue: OpenCatalogue) -> list[dict[str, Any]]:
            with catalogue.reading():
                linked = id_in_link(text)
                found = [shown(clip, "link") for clip in catalogue.clips([linked] if linked else [])]
                found += [shown(clip, "id") for clip in catalogue.clips([text])]
                if found or linked:
                    return found[:limit]
                found = [shown(clip, "title") for clip in titles_with(catalogue, text, limit)]
                if len(found) < limit and clean(text):
                    there = {row[ID] for row in found}
                    near = similar_clips(
                        catalogue, text=text, k=limit, open_index=lambda _, field: catalogue.index(field)
                    )
                    found += [row | {"found": "similar"} for row in near if row[ID] not in there]
                return found[:limit]

        return self._read(work, "searching") if text else []

    def clip(self, identifier: str) -> dict[str, Any] | None:
        """Return a stored clip: the columns of the table, with its label as `project`, and `history` of its labels.

        `history` are dicts of `project` (None where the label was taken away), `source`, `person` and `at` (UTC),
        oldest first.
        """

        def work(catalogue: OpenCatalogue) -> dict[str, Any] | None:
            with catalogue.reading():
                found = catalogue.clips([identifier])
                if not found:
                    return None
                clip = {name: found[0][name] for name in CLIP_FIELDS if name != LABEL}
                told = ("project", "source", "person", "at")
                history = [{name: row[name] for name in told} for row in catalogue.label_log(yt_reel_id=identifier)]
                return clip | {"project": found[0][LABEL], "history": history}

        return self._read(work, "reading")

    def projects(self) -> list[dict[str, Any]]:
        """List the projects, most clips first, `none` among them.

        Returns
        -------
        list of dict
            `project`, `clips` that are labelled so now, `f1` (0 to 1, out of fold at the last fit; None for what was
            taught since), `threshold`, `taught` (known by a lesson since the last fit) and
            `in_model`.
        """
        model = self.model.model

        def work(catalogue: OpenCatalogue) -> list[dict[str, Any]]:
            return project_rows(catalogue.project_sizes(), model.manifest if model else None)

        return self._read(work, "reading")

    def review(self, n: int = 20, project: str | None = None) -> list[dict[str, Any]]:
        """List unlabelled clips that a person should look at, those that teach most first.

        It is worked out in the background when it is first asked for: the list is empty until then, see
        `review_ready`. What is labelled leaves it at once.

        Returns
        -------
        list of dict
            `yt_reel_id`, `title`, `channel`, `project` (the decision), `candidate` (the best project), `doubt` (0 to 1)
            and `why`.
        """
        self.model.get(self.timeout)
        return self._review.first(n, project)

    @property
    def review_ready(self) -> bool:
        """Whether the queue has been worked out."""
        return self._review.ready.is_set()

    def labels_log(
        self,
        since: str | None = None,
        person: str | None = None,
        most: int | None = None,
        *,
        source: str | None = None,
    ) -> list[dict[str, Any]]:
        """Return who labelled what, oldest first.

        Parameters
        ----------
        since : str, optional
            Time in UTC, ISO 8601.
        person : str, optional
        most : int, optional
            So many of the newest.
        source : str, optional
            Only labels of a `table`, a `person` or a `model`.

        Returns
        -------
        list of dict
            `yt_reel_id`, `project`, `was`, `source`, `person`, `at`, `generation`, `undoes`.
        """

        def work(catalogue: OpenCatalogue) -> list[dict[str, Any]]:
            rows = catalogue.label_log(since, person=person, source=source, most=most)
            return [{name: value for name, value in row.items() if name != "log_key"} for row in rows]

        return self._read(work, "reading")

    def _read(self, work: Callable[[OpenCatalogue], Result], what: str) -> Result:
        return wait_for(self._readers.submit(work), self.timeout, what)
