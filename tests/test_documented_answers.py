"""Every kind of id and link gets the answer that docs/enrichment.md lists for it, and is asked for once."""

import re
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from fake_youtube import A, FakeYouTube

from smf_embed import classify
from smf_embed.answers import UNKNOWN, answer
from smf_embed.catalogue import Catalogue
from smf_embed.enrichment.opening import open_source
from smf_embed.enrichment.states import State
from smf_embed.enrichment.syncing import sync

pytest.importorskip("googleapiclient", reason="needs the extra: pip install 'smf-embed[youtube]'")

DOCUMENT = Path(__file__).parent.parent / "docs" / "enrichment.md"
TITLE = "Буба и самокат"
CLIP = "newbooba000"
STORED = "LABELLED"  # stands for the id of a stored clip with the label Буба


@dataclass(frozen=True)
class Kind:
    """What is named, and what is answered: project, state, words of the reason, how often the clip is asked for."""

    given: Sequence[str]
    project: str
    state: str
    reason: str
    asked: int = 1
    before: Callable[[FakeYouTube], object] = lambda api: None
    listed: Callable[[FakeYouTube], object] | None = None
    faults: Sequence[str] = ()
    source: bool = True


def clip(**changes: object) -> Callable[[FakeYouTube], object]:
    return lambda api: api.add(CLIP, **{"title": TITLE} | changes)


def made_private(api: FakeYouTube) -> None:
    clip()(api)
    api.videos[CLIP]["status"]["privacyStatus"] = "private"


def gone(api: FakeYouTube) -> None:
    del api.videos[CLIP]


def shown_as_private(api: FakeYouTube) -> None:
    api.in_list = {CLIP: "private"}


#: First column of the table in the document → one or more examples.
KINDS: dict[str, list[Kind]] = {
    "a stored clip with a label": [Kind([STORED], "Буба", "stored", "its label, given by a table", 0)],
    "a stored clip without one, or one that the source knows whole": [
        Kind([CLIP], "Буба", "stored", "Буба", before=clip()),
        Kind([CLIP], "none", "stored", "", before=clip(title="Как испечь торт с вишней")),
    ],
    "a broadcast that goes on": [
        Kind([CLIP], "Буба", "live", "it is live", before=clip(broadcast="live", duration="P0D"))
    ],
    "a broadcast that has not begun": [
        Kind([CLIP], "Буба", "upcoming", "has not begun", before=clip(broadcast="upcoming", duration="P0D"))
    ],
    "a clip that YouTube still processes": [
        Kind([CLIP], "Буба", "upcoming", "still processing", before=clip(upload="uploaded", duration="P0D"))
    ],
    "a deleted clip that was never stored": [
        Kind([CLIP], UNKNOWN, "deleted", "was deleted", before=clip(upload="deleted"))
    ],
    "a stored clip that was deleted": [Kind([CLIP], "Буба", "deleted", "it was there", 1, before=clip(), listed=gone)],
    "a private clip that was never stored": [Kind([CLIP], UNKNOWN, "private", "it is private", before=made_private)],
    "a stored clip that was made private": [
        Kind([CLIP], "Буба", "private", "it is private", 0, before=clip(), listed=shown_as_private)
    ],
    "a clip whose upload failed or was rejected": [
        Kind([CLIP], UNKNOWN, "unavailable", "upload was rejected", before=clip(upload="rejected")),
        Kind([CLIP], UNKNOWN, "unavailable", "upload was failed", before=clip(upload="failed")),
    ],
    "an id that the source does not know": [Kind([CLIP], UNKNOWN, "not found", "deleted, private or never there")],
    "a text that is no id of YouTube": [
        Kind([text], UNKNOWN, "wrong", "no id", 0) for text in ("short", "newbooba00!", "x" * 128)
    ],
    "white space or control characters in it, nothing, or more than 128 characters": [
        Kind(["two words"], UNKNOWN, "wrong", "white space", 0),
        Kind(["a\x00b"], UNKNOWN, "wrong", "no text", 0),
        Kind(["\ud83d"], UNKNOWN, "wrong", "no text", 0),
        Kind(["<>"], UNKNOWN, "wrong", "nothing in it", 0),
        Kind(["x" * 129], UNKNOWN, "wrong", "129 characters", 0),
    ],
    "a link to a channel, a playlist or another site, or with a cut id": [
        Kind(["https://www.youtube.com/@handle"], UNKNOWN, "wrong", "a link to a channel", 0),
        Kind(["https://www.youtube.com/playlist?list=PL1"], UNKNOWN, "wrong", "a playlist", 0),
        Kind([f"https://example.com/watch?v={CLIP}"], UNKNOWN, "wrong", "not to YouTube", 0),
        Kind(["https://youtu.be/newbooba"], UNKNOWN, "wrong", "8 characters instead of 11", 0),
    ],
    "the same clip again, by its id or any link": [
        Kind(
            [
                *(CLIP, f"https://youtu.be/{CLIP}?t=3", f"https://www.youtube.com/watch?v={CLIP}&list=PL1", CLIP),
                *(f"youtube.com/{form}/{CLIP}" for form in ("shorts", "live", "embed")),
            ],
            *("Буба", "stored", "Буба"),
            before=clip(),
        ),
        Kind([CLIP, CLIP], UNKNOWN, "not found", "never there"),
        Kind([STORED, f"https://youtu.be/{STORED}"], "Буба", "stored", "its label", 0),
    ],
    "a clip that is not stored, and the quota is used up": [
        Kind([CLIP], UNKNOWN, "quota", "full again at", before=clip(), faults=["quotaExceeded"])
    ],
    "a clip that is not stored, and the source cannot be reached": [
        Kind([CLIP], UNKNOWN, "unavailable", "503", 6, before=clip(), faults=["unavailable"] * 6)
    ],
    "a clip that is not stored, and there is no source": [
        Kind([CLIP], UNKNOWN, "not stored", "--source", 0, before=clip(), source=False)
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("named", "kind"), [pytest.param(named, kind, id=named) for named, kinds in KINDS.items() for kind in kinds]
)
def test_each_kind_of_id_gets_its_documented_answer(fitted, train, api, named, kind):
    labelled = train.loc[train["cartoon"] == "Буба", "yt_reel_id"].iloc[0]
    given = [text.replace(STORED, labelled) for text in kind.given]
    kind.before(api)
    with Catalogue(fitted) as catalogue, closing(open_source("youtube")) as source:
        if kind.listed is not None:  # it was listed and looked up, and something has happened since
            sync(catalogue, source, [A])
            api.requests.clear()
            kind.listed(api)
            sync(catalogue, source, [A], recheck_days=0)
        api.faults = list(kind.faults)
        clips = answer(given, catalogue, source=source if kind.source else None).clips
    assert [one.given for one in clips] == given
    for one in clips:
        assert (one.cartoon, one.state) == (kind.project, kind.state), one
        assert kind.reason in one.reason
        assert (one.confidence is None) == (one.cartoon == UNKNOWN or "label" in one.reason)
    assert len({one.yt_reel_id for one in clips}) == 1
    assert api.asked()[CLIP] == kind.asked
    assert api.asked().total() == kind.asked  # and nothing else
    # from now on it is answered alike, and nothing is asked for before it is due
    if not kind.faults:
        api.requests.clear()
        again = classify(given, fitted, source="youtube" if kind.source else None)
        assert again == {clips[0].yt_reel_id or given[0]: kind.project}
        assert api.requests == []


def test_the_document_lists_these_answers():
    rows = re.findall(r"^\| (.+?) \| (.+?) \| `(.+?)` \|", DOCUMENT.read_text(encoding="utf-8"), re.M)
    documented = {named: (project.strip("`") == UNKNOWN, state) for named, project, state in rows}
    for named, kinds in KINDS.items():
        if named == "the same clip again, by its id or any link":
            continue  # as the first time
        assert {(kind.project == UNKNOWN, kind.state) for kind in kinds} == {documented[named]}, named


def test_the_document_tells_of_every_state():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [state for state in State if state is not State.OK and f"`{state}`" not in text] == []
