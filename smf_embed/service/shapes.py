"""What callers send and get, and its limits."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from smf_embed.clips import MAX_ID

MAX_CLIPS = 10_000
_MAX_TITLE, _MAX_TEXT, _MAX_SUBTITLES, _MAX_URL = 1_000, 20_000, 200_000, 2_048
_MAX_NAME = 200
# marks that turn the direction of what follows, so that a name reads as another
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _name(text: str) -> str:
    """Return a name in one line, without marks that cannot be seen and turn the text."""
    kept = "".join(one for one in text if one not in _TURNING and unicodedata.category(one) not in ("Cc", "Cs"))
    name = " ".join(kept.split())
    if not name:
        raise ValueError("must have a character that can be seen")
    return name


Identifier = Annotated[
    str, Field(min_length=1, max_length=MAX_ID, pattern=r"^[^\s\x00-\x1f\x7f]+$", examples=["dQw4w9WgXcQ"])
]
Name = Annotated[str, Field(min_length=1, max_length=_MAX_NAME), AfterValidator(_name)]
Short = Annotated[str, Field(max_length=_MAX_TITLE)]
Url = Annotated[str, Field(max_length=_MAX_URL)]
Number = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Flag = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Clip(_Sent):
    """A clip in the columns of the table; all but what tells it apart may be missing."""

    yt_reel_id: Identifier | None = None
    reel_name: Annotated[str, Field(max_length=_MAX_TITLE, description="The title.")] | None = None
    text: (
        Annotated[str, Field(max_length=_MAX_TEXT, description="The description; the title may stand before it in [].")]
        | None
    ) = None
    subtitles: Annotated[str, Field(max_length=_MAX_SUBTITLES)] | None = None
    cartoon: Annotated[str, Field(max_length=_MAX_NAME, description="The label; `none` is one.")] | None = None
    date: Short | None = None
    url: Url | None = None
    broadcast: Short | None = None
    yt_channel_id: Short | None = None
    yt_channel_name: Short | None = None
    yt_ch_url: Url | None = None
    yt_channel_type: Short | None = None
    language: Short | None = None
    seconds: Number | None = None
    is_shorts: Flag | bool | None = None
    flag_closed: Flag | bool | None = None
    international: Flag | bool | None = None

    def told(self) -> dict[str, Any]:
        """Return the columns that are filled in."""
        return self.model_dump(exclude_none=True)


_CLIP: dict[str, Any] = {"reel_name": "Буба и велосипед", "yt_channel_name": "Буба", "seconds": 61}


class ClassifyRequest(_Sent):
    """Either ids of stored clips, or clips."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"ids": ["dQw4w9WgXcQ", "9bZkp7q19f0"]}, {"clips": [_CLIP]}]},
    )
    ids: Annotated[list[Identifier], Field(min_length=1, max_length=MAX_CLIPS)] | None = None
    clips: Annotated[list[Clip], Field(min_length=1, max_length=MAX_CLIPS)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> ClassifyRequest:
        if (self.ids is None) == (self.clips is None):
            raise ValueError("send either ids or clips")
        return self


class Decision(BaseModel):
    """The answer for one clip, in the place where it was asked for."""

    yt_reel_id: str | None
    project: Annotated[str, Field(description="A project, `none`, or `unknown` for what cannot be answered.")]
    confidence: Annotated[float, Field(ge=0, le=1)] | None
    runner_up: str | None
    runner_up_confidence: float | None
    unsure: Annotated[bool, Field(description="A person should look at it.")]
    why: str
    source: Annotated[str, Field(description="`label` where the clip has one, `model`, or `unknown`.")]


class ClassifyAnswer(BaseModel):
    """Answers in the order asked."""

    answers: list[Decision]


class ExplainRequest(_Sent):
    """A clip that need not be stored."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [{"clip": _CLIP}]})
    clip: Clip


class AddRequest(_Sent):
    """Clips to store; each needs its id."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"clips": [{"yt_reel_id": "dQw4w9WgXcQ"} | _CLIP], "who": "nightly"}]},
    )
    clips: Annotated[list[Clip], Field(min_length=1, max_length=MAX_CLIPS)]
    who: Name | None = None


class AddAnswer(BaseModel):
    """What became of the clips; `line` counts them from 1."""

    added: int
    updated: int
    unchanged: int
    rejected: int
    labels: int
    texts_encoded: int
    seconds: float
    rejected_rows: list[dict[str, Any]]
    mended: dict[str, int]


class LabelRequest(_Sent):
    """Clips and their project; null takes the label away."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"ids": ["dQw4w9WgXcQ"], "project": "Буба", "who": "Оля"}]},
    )
    ids: Annotated[list[Identifier], Field(min_length=1, max_length=MAX_CLIPS)]
    project: Name | None
    who: Name


class LabelAnswer(BaseModel):
    """What is on the disk when this is read."""

    labelled: list[str]
    unknown: list[str]
    project: str | None
    generation: int


class UndoRequest(_Sent):
    """Whose last labels are taken back."""

    who: Annotated[Name, Field(examples=["Оля"])]


class UndoAnswer(BaseModel):
    """Clips that have the label of before again, and those that somebody labelled anew since."""

    undone: list[str]
    kept: list[str]


class TeachRequest(_Sent):
    """A project, new or known, and clips of it."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"project": "Новый проект", "ids": ["dQw4w9WgXcQ"], "who": "Оля"}]},
    )
    project: Name
    ids: Annotated[list[Identifier], Field(min_length=1, max_length=MAX_CLIPS)]
    who: Name


class TeachAnswer(BaseModel):
    """What the project is known by; decisions count it when this is read."""

    project: str
    is_new: bool
    clips: int
    texts: dict[str, int]
    aliases: list[str]


class ProjectRow(BaseModel):
    """A project: labelled clips, F1 out of fold at the last fit, threshold."""

    project: str
    clips: int
    f1: float | None
    threshold: float | None
    taught: bool
    in_model: bool


class FoundRow(BaseModel):
    """A clip that was found."""

    yt_reel_id: str
    title: str | None
    project: str | None
    channel: str | None
    similarity: float | None


class SearchRow(FoundRow):
    """A clip that was found, and by what: link, id, title or similar."""

    found: str


class ReviewRow(BaseModel):
    """A clip to look at."""

    yt_reel_id: str
    title: str | None
    channel: str | None
    project: str
    candidate: str
    doubt: float
    why: str


class ReviewAnswer(BaseModel):
    """The queue; empty until it is `ready`."""

    ready: bool
    clips: list[ReviewRow]


class LogRow(BaseModel):
    """Who gave which label when; `undoes` is the generation that was taken back by it."""

    yt_reel_id: str
    project: str | None
    was: str | None
    source: str
    person: str | None
    at: str
    generation: int
    undoes: int | None


class Problem(BaseModel):
    """What is wrong; a list of places where a request does not have its form."""

    detail: str | list[dict[str, Any]]
